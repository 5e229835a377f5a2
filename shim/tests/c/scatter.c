/* Updates of parts of an array. */
#include "check.h"

void test_scatter(void);

static void indexed(rlx_mlx_array_t* m, rlx_mlx_array_t* v) {
  const int32_t picks[] = {1, -1, 9}, along[] = {2, 0}, ones[] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, two[] = {10, 20};
  const int rows[] = {3, 3}, tall[] = {2, 1}, point[] = {3, 1}, zero = 0, one = 1;
  rlx_mlx_array_t* i = make_i32(picks, 3);
  rlx_mlx_array_t* j = make(RLX_MLX_DTYPE_I32, along, sizeof along, 2, tall);
  rlx_mlx_array_t* u = make(RLX_MLX_DTYPE_I32, ones, sizeof ones, 2, rows);
  rlx_mlx_array_t* w = make(RLX_MLX_DTYPE_I32, two, sizeof two, 2, tall);
  rlx_mlx_array_t* p = make(RLX_MLX_DTYPE_I32, ones, 3 * sizeof *ones, 2, point);
  /* The rows named 1 and -1 are one row, and there is no row 9. */
  GIVES_I32(rlx_mlx_op_scatter_add(m, i, u, 0, &out), 0, 1, 2, 8, 11, 14);
  REFUSES(rlx_mlx_op_scatter_add, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_scatter_add(m, i, w, 0, &out));
  REFUSES(rlx_mlx_op_scatter_add, RLX_MLX_ERR_NULL, rlx_mlx_op_scatter_add(m, i, NULL, 0, &out));
  GIVES_I32(rlx_mlx_op_scatter_add_axis(m, j, w, 1, &out), 0, 1, 12, 23, 4, 5);
  REFUSES(rlx_mlx_op_scatter_add_axis, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_scatter_add_axis(m, i, w, 1, &out));
  GIVES_I32(rlx_mlx_op_scatter_axis(m, j, w, 1, RLX_MLX_UPDATE_SET, &out), 0, 1, 10, 20, 4, 5);
  GIVES_I32(rlx_mlx_op_scatter_axis(m, j, w, 1, RLX_MLX_UPDATE_PROD, &out), 0, 1, 20, 60, 4, 5);
  REFUSES(rlx_mlx_op_scatter_axis, RLX_MLX_ERR_GENERIC, rlx_mlx_op_scatter_axis(m, j, w, 1, (rlx_mlx_update_t)5, &out));
  REFUSES(rlx_mlx_op_scatter_axis, RLX_MLX_ERR_BAD_SHAPE,
          rlx_mlx_op_scatter_axis(m, j, u, 1, RLX_MLX_UPDATE_SET, &out));
  GIVES_I32(rlx_mlx_op_scatter(v, &i, &zero, 1, p, RLX_MLX_UPDATE_SET, &out), 0, 1, 2);
  GIVES_I32(rlx_mlx_op_scatter(v, &i, &zero, 1, p, RLX_MLX_UPDATE_ADD, &out), 0, 2, 4);
  GIVES_I32(rlx_mlx_op_scatter(v, &i, &zero, 1, p, RLX_MLX_UPDATE_MIN, &out), 0, 1, 2);
  REFUSES(rlx_mlx_op_scatter, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_scatter(v, &i, &one, 1, p, RLX_MLX_UPDATE_SET, &out));
  REFUSES(rlx_mlx_op_scatter, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_scatter(v, &i, &zero, 1, v, RLX_MLX_UPDATE_SET, &out));
  REFUSES(rlx_mlx_op_scatter, RLX_MLX_ERR_GENERIC, rlx_mlx_op_scatter(v, &i, &zero, 1, p, (rlx_mlx_update_t)-1, &out));
  rlx_mlx_array_free(i);
  rlx_mlx_array_free(j);
  rlx_mlx_array_free(u);
  rlx_mlx_array_free(w);
  rlx_mlx_array_free(p);
}

static void sliced(rlx_mlx_array_t* m, rlx_mlx_array_t* v) {
  const int32_t ten = 10, corner = 9;
  const int start[] = {0, 1}, stop[] = {2, 3}, back[] = {1, 2}, zeros[] = {0, 1}, one_row[] = {1, 3}, zero = 0;
  rlx_mlx_array_t* t = make_i32(&ten, 1);
  rlx_mlx_array_t* at = make_i32(&corner, 1);
  rlx_mlx_array_t* row = NULL;
  CHECK_OK(rlx_mlx_op_reshape(v, one_row, 2, &row));
  GIVES_I32(rlx_mlx_op_slice_update(m, t, start, stop, NULL, 2, RLX_MLX_UPDATE_SET, &out), 0, 10, 10, 3, 10, 10);
  GIVES_I32(rlx_mlx_op_slice_update(m, t, start, stop, back, 2, RLX_MLX_UPDATE_ADD, &out), 0, 11, 2, 3, 14, 5);
  REFUSES(rlx_mlx_op_slice_update, RLX_MLX_ERR_BAD_SHAPE,
          rlx_mlx_op_slice_update(m, v, start, stop, NULL, 2, RLX_MLX_UPDATE_SET, &out));
  REFUSES(rlx_mlx_op_slice_update, RLX_MLX_ERR_BAD_SHAPE,
          rlx_mlx_op_slice_update(m, t, start, stop, zeros, 2, RLX_MLX_UPDATE_SET, &out));
  REFUSES(rlx_mlx_op_slice_update, RLX_MLX_ERR_NULL,
          rlx_mlx_op_slice_update(m, NULL, start, stop, NULL, 2, RLX_MLX_UPDATE_SET, &out));
  GIVES_I32(rlx_mlx_op_slice_update_dynamic(m, row, at, &zero, 1, RLX_MLX_UPDATE_SET, &out), 0, 1, 2, 0, 1, 2);
  GIVES_I32(rlx_mlx_op_slice_update_dynamic(m, row, at, &zero, 1, RLX_MLX_UPDATE_ADD, &out), 0, 1, 2, 3, 5, 7);
  REFUSES(rlx_mlx_op_slice_update_dynamic, RLX_MLX_ERR_BAD_SHAPE,
          rlx_mlx_op_slice_update_dynamic(m, v, at, &zero, 1, RLX_MLX_UPDATE_SET, &out));
  REFUSES(rlx_mlx_op_slice_update_dynamic, RLX_MLX_ERR_GENERIC,
          rlx_mlx_op_slice_update_dynamic(m, row, at, &zero, 1, (rlx_mlx_update_t)7, &out));
  rlx_mlx_array_free(t);
  rlx_mlx_array_free(at);
  rlx_mlx_array_free(row);
}

void test_scatter(void) {
  const int32_t numbers[] = {0, 1, 2, 3, 4, 5};
  const int shape[] = {2, 3};
  rlx_mlx_array_t* m = make(RLX_MLX_DTYPE_I32, numbers, sizeof numbers, 2, shape);
  rlx_mlx_array_t* v = make_i32(numbers, 3);
  indexed(m, v);
  sliced(m, v);
  rlx_mlx_array_free(m);
  rlx_mlx_array_free(v);
}
