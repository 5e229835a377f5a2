/* include/rlx_mlx/matmul.h */
#include "check.h"

static void products(void) {
  const float data[] = {1, 2, 3, 4}, square[] = {7, 10, 15, 22}, added[] = {15, 22, 33, 48}, inner[] = {5, 11, 11, 25};
  const float pair[] = {1, 2}, outer[] = {1, 2, 2, 4}, dots[] = {5, 25}, six[] = {1, 2, 3, 4, 5, 6};
  const int32_t whole[] = {1, 2};
  const int one = 1, zero = 0, nine = 9;
  rlx_mlx_array_t *a = make_f32(data, 2, 2), *v = make_f32(pair, 2, 0), *wide = make_f32(six, 2, 3), *out = NULL;
  rlx_mlx_array_t *ints = make_i32(whole, 2), *list[2];

  CHECK_OK(rlx_mlx_op_matmul(a, a, &out));
  CHECK(holds_f32(out, square, 4, 0));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_matmul, RLX_MLX_ERR_BAD_SHAPE, out, rlx_mlx_op_matmul(wide, a, &out));
  CHECK_FAILS_OUT(rlx_mlx_op_matmul, RLX_MLX_ERR_BAD_DTYPE, out, rlx_mlx_op_matmul(ints, ints, &out));
  CHECK_OK(rlx_mlx_op_addmm(a, a, a, 2, 1, &out));
  CHECK(holds_f32(out, added, 4, 0));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_addmm, RLX_MLX_ERR_NULL, out, rlx_mlx_op_addmm(NULL, a, a, 1, 1, &out));
  CHECK_FAILS_OUT(rlx_mlx_op_addmm, RLX_MLX_ERR_GENERIC, out, rlx_mlx_op_addmm(wide, a, a, 1, 1, &out));
  CHECK_OK(rlx_mlx_op_tensordot(a, a, &one, &zero, 1, &out));
  CHECK(holds_f32(out, square, 4, 0));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_tensordot, RLX_MLX_ERR_BAD_SHAPE, out, rlx_mlx_op_tensordot(a, a, &nine, &zero, 1, &out));
  CHECK_FAILS_OUT(rlx_mlx_op_tensordot, RLX_MLX_ERR_NULL, out, rlx_mlx_op_tensordot(a, a, NULL, &zero, 1, &out));
  list[0] = list[1] = a;
  CHECK_OK(rlx_mlx_op_einsum("ij,jk->ik", list, 2, &out));
  CHECK(holds_f32(out, square, 4, 0));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_einsum, RLX_MLX_ERR_GENERIC, out, rlx_mlx_op_einsum("ij,jk->ik", list, 1, &out));
  CHECK_FAILS_OUT(rlx_mlx_op_einsum, RLX_MLX_ERR_NULL, out, rlx_mlx_op_einsum(NULL, list, 2, &out));
  CHECK_OK(rlx_mlx_op_inner(a, a, &out));
  CHECK(holds_f32(out, inner, 4, 0));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_inner, RLX_MLX_ERR_BAD_SHAPE, out, rlx_mlx_op_inner(a, wide, &out));
  CHECK_OK(rlx_mlx_op_outer(v, v, &out));
  CHECK(holds_f32(out, outer, 4, 0));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_outer, RLX_MLX_ERR_NULL, out, rlx_mlx_op_outer(v, NULL, &out));
  CHECK_OK(rlx_mlx_op_vecdot(a, a, 1, &out));
  CHECK(holds_f32(out, dots, 2, 0));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_vecdot, RLX_MLX_ERR_BAD_SHAPE, out, rlx_mlx_op_vecdot(a, wide, 1, &out));
  rlx_mlx_array_free(a);
  rlx_mlx_array_free(v);
  rlx_mlx_array_free(wide);
  rlx_mlx_array_free(ints);
}

static void experts(void) {
  const float rows[] = {1, 2, 3, 4, 5, 6}, banks[] = {1, 0, 0, 1, 2, 0, 0, 2}, picked[] = {2, 4, 3, 4, 10, 12};
  const int bank_shape[] = {2, 2, 2};
  const int32_t which[] = {1, 0, 99}, two[] = {0, 1}, bounds[] = {0, 1, 1, 99};
  const int bounds_shape[] = {2, 2};
  const float general[] = {1, 0, 0, 1, 4, 0, 0, 4}, segments[] = {1, 2, 3, 6, 6, 8, 12, 16};
  const float halves[] = {1, 2, 3, 4};
  rlx_mlx_array_t *a = make_f32(rows, 3, 2), *b = make(RLX_MLX_DTYPE_F32, banks, sizeof(banks), 3, bank_shape);
  rlx_mlx_array_t *idx = make_i32(which, 3), *both = make_i32(two, 2), *m = make_f32(halves, 2, 2), *out = NULL;
  rlx_mlx_array_t* segment = make(RLX_MLX_DTYPE_I32, bounds, sizeof(bounds), 2, bounds_shape);

  /* The last index is out of range, and clamped. */
  CHECK_OK(rlx_mlx_op_gather_mm(a, b, idx, &out));
  CHECK(holds_f32(out, picked, 6, 0));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_gather_mm, RLX_MLX_ERR_BAD_SHAPE, out, rlx_mlx_op_gather_mm(a, b, both, &out));
  CHECK_OK(rlx_mlx_op_gather_mm_general(b, b, both, NULL, 1, &out));
  CHECK(holds_f32(out, general, 8, 0));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_gather_mm_general, RLX_MLX_ERR_BAD_SHAPE, out,
                  rlx_mlx_op_gather_mm_general(b, b, idx, both, 0, &out));
  CHECK_OK(rlx_mlx_op_segmented_mm(m, m, segment, &out));
  /* m = [1 2; 3 4]: column 0 times row 0, then column 1 times row 1. */
  CHECK(holds_f32(out, segments, 8, 0));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_segmented_mm, RLX_MLX_ERR_BAD_SHAPE, out, rlx_mlx_op_segmented_mm(m, m, idx, &out));
  rlx_mlx_array_free(a);
  rlx_mlx_array_free(b);
  rlx_mlx_array_free(idx);
  rlx_mlx_array_free(both);
  rlx_mlx_array_free(m);
  rlx_mlx_array_free(segment);
}

static void blocks(void) {
  float ones[64 * 2];
  const float off[] = {0};
  rlx_mlx_array_t *a, *b, *mask = make_f32(off, 1, 1), *out = NULL;
  const float sum[] = {64, 64, 64, 64}, none[] = {0, 0, 0, 0};
  int i;
  for (i = 0; i < 64 * 2; ++i) {
    ones[i] = 1;
  }
  a = make_f32(ones, 2, 64);
  b = make_f32(ones, 64, 2);
  CHECK_OK(rlx_mlx_op_block_masked_mm(a, b, 32, NULL, NULL, NULL, &out));
  CHECK(holds_f32(out, sum, 4, 0));
  rlx_mlx_array_free(out);
  CHECK_OK(rlx_mlx_op_block_masked_mm(a, b, 64, mask, NULL, NULL, &out));
  CHECK(holds_f32(out, none, 4, 0));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_block_masked_mm, RLX_MLX_ERR_BAD_SHAPE, out,
                  rlx_mlx_op_block_masked_mm(a, b, 3, NULL, NULL, NULL, &out));
  CHECK_FAILS_OUT(rlx_mlx_op_block_masked_mm, RLX_MLX_ERR_BAD_SHAPE, out,
                  rlx_mlx_op_block_masked_mm(a, b, 32, NULL, mask, NULL, &out));
  rlx_mlx_array_free(a);
  rlx_mlx_array_free(b);
  rlx_mlx_array_free(mask);
}

void test_matmul(void) {
  products();
  experts();
  blocks();
}
