/* Shape ops. */
#include "check.h"

void test_shape(void);

static int has_shape(rlx_mlx_array_t* a, int first, int second, int third, size_t rank) {
  const int expected[] = {first, second, third};
  int found[4];
  size_t n = 0;
  return rlx_mlx_array_shape(a, found, 4, &n) == RLX_MLX_OK && n == rank &&
         memcmp(found, expected, rank * sizeof(int)) == 0;
}

static void rearranging(rlx_mlx_array_t* m, rlx_mlx_array_t* v) {
  const int open[] = {3, -1}, two_open[] = {-1, -1}, seven[] = {7}, swap[] = {1, 0}, twice[] = {1, 1};
  const int zero = 0, far = 5, last = -1;
  rlx_mlx_array_t *wide = NULL, *back = NULL;
  GIVES_I32(rlx_mlx_op_reshape(m, open, 2, &out), 0, 1, 2, 3, 4, 5);
  REFUSES(rlx_mlx_op_reshape, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_reshape(m, seven, 1, &out));
  REFUSES(rlx_mlx_op_reshape, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_reshape(m, two_open, 2, &out));
  REFUSES(rlx_mlx_op_reshape, RLX_MLX_ERR_NULL, rlx_mlx_op_reshape(m, NULL, 2, &out));
  GIVES_I32(rlx_mlx_op_flatten(m, 0, -1, &out), 0, 1, 2, 3, 4, 5);
  REFUSES(rlx_mlx_op_flatten, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_flatten(m, 1, 0, &out));
  CHECK_OK(rlx_mlx_op_expand_dims(m, &last, 1, &wide));
  CHECK(has_shape(wide, 2, 3, 1, 3));
  REFUSES(rlx_mlx_op_expand_dims, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_expand_dims(m, &far, 1, &out));
  CHECK_OK(rlx_mlx_op_squeeze(wide, &last, 1, &back));
  CHECK(has_shape(back, 2, 3, 0, 2));
  REFUSES(rlx_mlx_op_squeeze, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_squeeze(m, &zero, 1, &out));
  GIVES_I32(rlx_mlx_op_transpose(m, swap, 2, &out), 0, 3, 1, 4, 2, 5);
  REFUSES(rlx_mlx_op_transpose, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_transpose(m, twice, 2, &out));
  REFUSES(rlx_mlx_op_transpose, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_transpose(m, swap, 1, &out));
  GIVES_I32(rlx_mlx_op_moveaxis(m, 0, -1, &out), 0, 3, 1, 4, 2, 5);
  REFUSES(rlx_mlx_op_moveaxis, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_moveaxis(m, 0, 2, &out));
  GIVES_I32(rlx_mlx_op_swapaxes(m, 0, 1, &out), 0, 3, 1, 4, 2, 5);
  REFUSES(rlx_mlx_op_swapaxes, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_swapaxes(m, -3, 1, &out));
  GIVES_I32(rlx_mlx_op_contiguous(m, &out), 0, 1, 2, 3, 4, 5);
  REFUSES(rlx_mlx_op_contiguous, RLX_MLX_ERR_NULL, rlx_mlx_op_contiguous(NULL, &out));
  GIVES_I32(rlx_mlx_op_copy(v, &out), 0, 1, 2);
  REFUSES(rlx_mlx_op_copy, RLX_MLX_ERR_NULL, rlx_mlx_op_copy(NULL, &out));
  rlx_mlx_array_free(wide);
  rlx_mlx_array_free(back);
}

static void slicing(rlx_mlx_array_t* m, rlx_mlx_array_t* v) {
  const int start[] = {0, 1}, stop[] = {2, 3}, front[] = {-1, -1}, before[] = {-9, -9}, back[] = {-1, -2};
  const int zeros[] = {1, 0}, huge[] = {1, 2147483647}, size[] = {1, 2}, large[] = {1, 4}, axes[] = {0, 1}, far = 7;
  const int32_t corner[] = {9, 1};
  rlx_mlx_array_t* at = make_i32(corner, 2);
  GIVES_I32(rlx_mlx_op_slice(m, start, stop, 2, &out), 1, 2, 4, 5);
  REFUSES(rlx_mlx_op_slice, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_slice(m, start, stop, 1, &out));
  REFUSES(rlx_mlx_op_slice, RLX_MLX_ERR_NULL, rlx_mlx_op_slice(m, NULL, stop, 2, &out));
  GIVES_I32(rlx_mlx_op_slice_strided(m, front, before, back, 2, &out), 5, 3, 2, 0);
  GIVES_I32(rlx_mlx_op_slice_strided(m, start, stop, huge, 2, &out), 1, 4);
  REFUSES(rlx_mlx_op_slice_strided, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_slice_strided(m, start, stop, zeros, 2, &out));
  REFUSES(rlx_mlx_op_slice_strided, RLX_MLX_ERR_NULL, rlx_mlx_op_slice_strided(m, start, stop, NULL, 2, &out));
  GIVES_I32(rlx_mlx_op_slice_dynamic(m, at, axes, 2, size, 2, &out), 4, 5);
  REFUSES(rlx_mlx_op_slice_dynamic, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_slice_dynamic(m, at, axes, 2, large, 2, &out));
  REFUSES(rlx_mlx_op_slice_dynamic, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_slice_dynamic(m, at, axes, 1, size, 2, &out));
  REFUSES(rlx_mlx_op_slice_dynamic, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_slice_dynamic(v, at, &far, 1, size, 1, &out));
  rlx_mlx_array_free(at);
}

static void joining(rlx_mlx_array_t* m, rlx_mlx_array_t* v) {
  rlx_mlx_array_t *both[2], *parts[3] = {NULL, NULL, NULL};
  const int place = 2, wrong = 4;
  both[0] = m;
  both[1] = m;
  GIVES_I32(rlx_mlx_op_concat(both, 2, 1, &out), 0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5);
  GIVES_I32(rlx_mlx_op_stack(both, 2, -1, &out), 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5);
  REFUSES(rlx_mlx_op_concat, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_concat(both, 0, 0, &out));
  REFUSES(rlx_mlx_op_stack, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_stack(both, 2, 3, &out));
  both[1] = v;
  REFUSES(rlx_mlx_op_concat, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_concat(both, 2, 0, &out));
  REFUSES(rlx_mlx_op_stack, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_stack(both, 2, 0, &out));
  both[1] = NULL;
  REFUSES(rlx_mlx_op_concat, RLX_MLX_ERR_NULL, rlx_mlx_op_concat(both, 2, 0, &out));
  CHECK_OK(rlx_mlx_op_split(v, 0, parts, 3));
  CHECK(parts[2] && has_shape(parts[2], 1, 0, 0, 1));
  rlx_mlx_array_free(parts[0]);
  rlx_mlx_array_free(parts[1]);
  rlx_mlx_array_free(parts[2]);
  CHECK_FAILS(rlx_mlx_op_split, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_split(v, 0, parts, 2));
  CHECK(parts[0] == NULL && parts[1] == NULL);
  CHECK_OK(rlx_mlx_op_split_at(v, &place, 1, 0, parts, 2));
  CHECK(parts[0] && has_shape(parts[0], 2, 0, 0, 1));
  rlx_mlx_array_free(parts[0]);
  rlx_mlx_array_free(parts[1]);
  CHECK_FAILS(rlx_mlx_op_split_at, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_split_at(v, &wrong, 1, 0, parts, 2));
  CHECK(parts[0] == NULL && parts[1] == NULL);
  CHECK_FAILS(rlx_mlx_op_split_at, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_split_at(v, &place, 1, 0, parts, 3));
}

static void repeating(rlx_mlx_array_t* m, rlx_mlx_array_t* v) {
  const int shape[] = {2, 3}, wrong[] = {2, 4}, reps[] = {2, 1}, minus = -1, zero = 0, many = 2147483647, shift = -1;
  const int low[] = {0, 1}, high[] = {1, 0}, bad[] = {0, -1}, columns = 2, rows[] = {3, 2};
  const int64_t steps[] = {-2, 1}, outside[] = {2, 2};
  const int32_t nine = 9;
  const int one = 1;
  rlx_mlx_array_t* value = make(RLX_MLX_DTYPE_I32, &nine, sizeof nine, 0, NULL);
  rlx_mlx_array_t* list = make(RLX_MLX_DTYPE_I32, &nine, sizeof nine, 1, &one);
  GIVES_I32(rlx_mlx_op_broadcast_to(v, shape, 2, &out), 0, 1, 2, 0, 1, 2);
  REFUSES(rlx_mlx_op_broadcast_to, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_broadcast_to(v, wrong, 2, &out));
  REFUSES(rlx_mlx_op_broadcast_to, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_broadcast_to(m, shape, 1, &out));
  GIVES_I32(rlx_mlx_op_repeat(v, 2, 0, &out), 0, 0, 1, 1, 2, 2);
  REFUSES(rlx_mlx_op_repeat, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_repeat(v, -1, 0, &out));
  REFUSES(rlx_mlx_op_repeat, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_repeat(v, many, 0, &out));
  GIVES_I32(rlx_mlx_op_tile(v, reps, 2, &out), 0, 1, 2, 0, 1, 2);
  REFUSES(rlx_mlx_op_tile, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_tile(v, &minus, 1, &out));
  REFUSES(rlx_mlx_op_tile, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_tile(v, &many, 1, &out));
  GIVES_I32(rlx_mlx_op_flip(m, &zero, 1, &out), 3, 4, 5, 0, 1, 2);
  REFUSES(rlx_mlx_op_flip, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_flip(m, &columns, 1, &out));
  GIVES_I32(rlx_mlx_op_roll(v, &shift, &zero, 1, &out), 1, 2, 0);
  REFUSES(rlx_mlx_op_roll, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_roll(v, &shift, &columns, 1, &out));
  REFUSES(rlx_mlx_op_roll, RLX_MLX_ERR_NULL, rlx_mlx_op_roll(v, NULL, &zero, 1, &out));
  GIVES_I32(rlx_mlx_op_pad(m, low, high, 2, 7.0f, &out), 7, 0, 1, 2, 7, 3, 4, 5, 7, 7, 7, 7);
  REFUSES(rlx_mlx_op_pad, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_pad(m, low, bad, 2, 0.0f, &out));
  REFUSES(rlx_mlx_op_pad, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_pad(m, low, high, 1, 0.0f, &out));
  GIVES_I32(rlx_mlx_op_pad_value(v, low, high, 1, value, &out), 0, 1, 2, 9);
  REFUSES(rlx_mlx_op_pad_value, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_pad_value(v, low, high, 1, list, &out));
  REFUSES(rlx_mlx_op_pad_value, RLX_MLX_ERR_NULL, rlx_mlx_op_pad_value(v, low, high, 1, NULL, &out));
  GIVES_I32(rlx_mlx_op_as_strided(m, rows, steps, 2, 4, &out), 4, 5, 2, 3, 0, 1);
  REFUSES(rlx_mlx_op_as_strided, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_as_strided(m, rows, steps, 2, 5, &out));
  REFUSES(rlx_mlx_op_as_strided, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_as_strided(m, rows, outside, 2, 0, &out));
  REFUSES(rlx_mlx_op_as_strided, RLX_MLX_ERR_NULL, rlx_mlx_op_as_strided(m, rows, NULL, 2, 0, &out));
  rlx_mlx_array_free(value);
  rlx_mlx_array_free(list);
}

void test_shape(void) {
  const int32_t numbers[] = {0, 1, 2, 3, 4, 5};
  const int shape[] = {2, 3};
  rlx_mlx_array_t* m = make(RLX_MLX_DTYPE_I32, numbers, sizeof numbers, 2, shape);
  rlx_mlx_array_t* v = make_i32(numbers, 3);
  rearranging(m, v);
  slicing(m, v);
  joining(m, v);
  repeating(m, v);
  rlx_mlx_array_free(m);
  rlx_mlx_array_free(v);
}
