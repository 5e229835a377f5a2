/* Sorting and selection. */
#include "check.h"

void test_sort(void);

void test_sort(void) {
  const int32_t numbers[] = {3, 1, 3, 2}, ladder[] = {1, 2, 2, 5}, wanted[] = {2, 0, 9};
  rlx_mlx_array_t* v = make_i32(numbers, 4);
  rlx_mlx_array_t* up = make_i32(ladder, 4);
  rlx_mlx_array_t* w = make_i32(wanted, 3);
  rlx_mlx_array_t *values = NULL, *indices = NULL, *part = NULL;
  const uint32_t places[] = {0, 2, 3};
  const int32_t largest[] = {3, 3, 2};
  int32_t found[4];
  size_t n = 0;
  GIVES_I32(rlx_mlx_op_sort(v, 0, &out), 1, 2, 3, 3);
  REFUSES(rlx_mlx_op_sort, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_sort(v, 1, &out));
  GIVES_I32(rlx_mlx_op_sort_by(v, -1, 1, &out), 3, 3, 2, 1);
  REFUSES(rlx_mlx_op_sort_by, RLX_MLX_ERR_NULL, rlx_mlx_op_sort_by(NULL, 0, 1, &out));
  GIVES_U32(rlx_mlx_op_argsort(v, 0, 0, &out), 1, 3, 0, 2);
  GIVES_U32(rlx_mlx_op_argsort(v, 0, 1, &out), 0, 2, 3, 1);
  REFUSES(rlx_mlx_op_argsort, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_argsort(v, -2, 1, &out));
  GIVES_I32(rlx_mlx_op_topk_values(v, 3, 0, &out), 3, 3, 2);
  REFUSES(rlx_mlx_op_topk_values, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_topk_values(v, 5, 0, &out));
  REFUSES(rlx_mlx_op_topk_values, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_topk_values(v, -1, 0, &out));

  CHECK_OK(rlx_mlx_op_topk(v, 3, 0, &values, &indices));
  CHECK(values && holds_bytes(values, largest, sizeof largest));
  CHECK(indices && holds_bytes(indices, places, sizeof places));
  rlx_mlx_array_free(values);
  rlx_mlx_array_free(indices);
  CHECK_FAILS_OUT(rlx_mlx_op_topk, RLX_MLX_ERR_BAD_SHAPE, values, rlx_mlx_op_topk(v, 5, 0, &values, &indices));
  CHECK(indices == NULL);
  REFUSES(rlx_mlx_op_topk, RLX_MLX_ERR_NULL, rlx_mlx_op_topk(v, 1, 0, NULL, &out));
  REFUSES(rlx_mlx_op_topk, RLX_MLX_ERR_NULL, rlx_mlx_op_topk(v, 1, 0, &out, NULL));

  CHECK_OK(rlx_mlx_op_partition(v, 1, 0, &part));
  CHECK(rlx_mlx_array_to_bytes(part, found, sizeof found, &n) == RLX_MLX_OK && found[0] == 1 && found[1] == 2);
  rlx_mlx_array_free(part);
  REFUSES(rlx_mlx_op_partition, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_partition(v, 4, 0, &out));
  CHECK_OK(rlx_mlx_op_argpartition(v, -4, 0, &part));
  CHECK(rlx_mlx_array_to_bytes(part, found, sizeof found, &n) == RLX_MLX_OK && found[0] == 1);
  rlx_mlx_array_free(part);
  REFUSES(rlx_mlx_op_argpartition, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_argpartition(v, -5, 0, &out));
  GIVES_U32(rlx_mlx_op_searchsorted(up, w, 0, &out), 1, 0, 4);
  GIVES_U32(rlx_mlx_op_searchsorted(up, w, 1, &out), 3, 0, 4);
  CHECK_OK(rlx_mlx_op_expand_dims(up, &(const int){0}, 1, &part));
  REFUSES(rlx_mlx_op_searchsorted, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_searchsorted(part, w, 0, &out));
  rlx_mlx_array_free(part);
  rlx_mlx_array_free(v);
  rlx_mlx_array_free(up);
  rlx_mlx_array_free(w);
}
