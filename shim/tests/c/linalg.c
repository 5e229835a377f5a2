/* include/rlx_mlx/linalg.h */
#include "check.h"

/* Whether `a` times `b` is `expected`; frees nothing. */
static int multiplies_to(rlx_mlx_array_t* a, rlx_mlx_array_t* b, const float* expected, size_t count) {
  rlx_mlx_array_t* product = NULL;
  int same = rlx_mlx_op_matmul(a, b, &product) == RLX_MLX_OK && holds_f32(product, expected, count, 1e-4F);
  rlx_mlx_array_free(product);
  return same;
}

static void systems(rlx_mlx_array_t* a, rlx_mlx_array_t* singular, rlx_mlx_array_t* wide, rlx_mlx_array_t* ints) {
  const float right[] = {6, 5}, x[] = {1.3F / 1.1F, 1.4F / 1.1F}, triangular[] = {1.5F, 3.5F / 3};
  const float unit[] = {1, 0, 0, 1}, lower[] = {0.25F, 0, -1.0F / 12, 1.0F / 3};
  rlx_mlx_array_t *b = make_f32(right, 2, 0), *out = NULL, *factor = NULL;

  CHECK_OK(rlx_mlx_op_solve(a, b, &out));
  CHECK(holds_f32(out, x, 2, 1e-5F));
  rlx_mlx_array_free(out);
  CHECK_OK(rlx_mlx_op_solve(singular, b, &out));
  CHECK_FAILS(rlx_mlx_eval, RLX_MLX_ERR_GENERIC, rlx_mlx_eval(&out, 1));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_solve, RLX_MLX_ERR_BAD_SHAPE, out, rlx_mlx_op_solve(wide, b, &out));
  CHECK_FAILS_OUT(rlx_mlx_op_solve, RLX_MLX_ERR_BAD_DTYPE, out, rlx_mlx_op_solve(ints, ints, &out));
  CHECK_OK(rlx_mlx_op_solve_triangular(a, b, 0, &out));
  CHECK(holds_f32(out, triangular, 2, 1e-5F));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_solve_triangular, RLX_MLX_ERR_BAD_SHAPE, out,
                  rlx_mlx_op_solve_triangular(wide, b, 0, &out));
  CHECK_OK(rlx_mlx_op_inv(a, &out));
  CHECK(multiplies_to(a, out, unit, 4));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_inv, RLX_MLX_ERR_BAD_SHAPE, out, rlx_mlx_op_inv(wide, &out));
  CHECK_OK(rlx_mlx_op_tri_inv(a, 0, &out));
  CHECK(holds_f32(out, lower, 4, 1e-5F));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_tri_inv, RLX_MLX_ERR_NULL, out, rlx_mlx_op_tri_inv(NULL, 0, &out));
  CHECK_OK(rlx_mlx_op_cholesky(a, 0, &factor));
  CHECK_OK(rlx_mlx_op_cholesky_inv(factor, 0, &out));
  CHECK(multiplies_to(a, out, unit, 4));
  rlx_mlx_array_free(out);
  rlx_mlx_array_free(factor);
  CHECK_FAILS_OUT(rlx_mlx_op_cholesky, RLX_MLX_ERR_BAD_DTYPE, out, rlx_mlx_op_cholesky(ints, 0, &out));
  CHECK_FAILS_OUT(rlx_mlx_op_cholesky_inv, RLX_MLX_ERR_BAD_SHAPE, out, rlx_mlx_op_cholesky_inv(b, 0, &out));
  CHECK_OK(rlx_mlx_op_pinv(a, &out));
  CHECK(multiplies_to(a, out, unit, 4));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_pinv, RLX_MLX_ERR_BAD_SHAPE, out, rlx_mlx_op_pinv(b, &out));
  rlx_mlx_array_free(b);
}

static void factors(rlx_mlx_array_t* a, rlx_mlx_array_t* wide, rlx_mlx_array_t* ints, const float* data) {
  const float eigenvalues[] = {2.381966F, 4.618034F}, singular[] = {4.618034F, 2.381966F};
  const uint32_t order[] = {0, 1};
  const float lu[] = {4, 1, 0.25F, 2.75F};
  rlx_mlx_array_t *x = NULL, *y = NULL, *z = NULL;

  CHECK_OK(rlx_mlx_op_qr(a, &x, &y));
  CHECK(multiplies_to(x, y, data, 4));
  rlx_mlx_array_free(x);
  rlx_mlx_array_free(y);
  y = (void*)&checks_done;
  CHECK_FAILS_OUT(rlx_mlx_op_qr, RLX_MLX_ERR_BAD_DTYPE, x, rlx_mlx_op_qr(ints, &x, &y));
  CHECK(y == NULL);
  CHECK_OK(rlx_mlx_op_lu(a, &x, &y, &z));
  CHECK(holds_bytes(x, order, sizeof(order)) && multiplies_to(y, z, data, 4));
  rlx_mlx_array_free(x);
  rlx_mlx_array_free(y);
  rlx_mlx_array_free(z);
  CHECK_FAILS_OUT(rlx_mlx_op_lu, RLX_MLX_ERR_NULL, x, rlx_mlx_op_lu(a, &x, NULL, &z));
  CHECK_OK(rlx_mlx_op_lu_factor(a, &x, &y));
  CHECK(holds_f32(x, lu, 4, 1e-5F) && holds_bytes(y, order, sizeof(order)));
  rlx_mlx_array_free(x);
  rlx_mlx_array_free(y);
  CHECK_FAILS_OUT(rlx_mlx_op_lu_factor, RLX_MLX_ERR_NULL, x, rlx_mlx_op_lu_factor(NULL, &x, &y));

  CHECK_OK(rlx_mlx_op_svd(a, &x, &y, &z));
  CHECK(holds_f32(y, singular, 2, 1e-5F));
  rlx_mlx_array_free(x);
  rlx_mlx_array_free(y);
  rlx_mlx_array_free(z);
  CHECK_FAILS_OUT(rlx_mlx_op_svd, RLX_MLX_ERR_BAD_DTYPE, x, rlx_mlx_op_svd(ints, &x, &y, &z));
  CHECK_OK(rlx_mlx_op_svdvals(a, &x));
  CHECK(holds_f32(x, singular, 2, 1e-5F));
  rlx_mlx_array_free(x);
  CHECK_FAILS_OUT(rlx_mlx_op_svdvals, RLX_MLX_ERR_BAD_DTYPE, x, rlx_mlx_op_svdvals(ints, &x));
  CHECK_OK(rlx_mlx_op_eigh(a, 0, &x, &y));
  CHECK(holds_f32(x, eigenvalues, 2, 1e-5F));
  rlx_mlx_array_free(x);
  rlx_mlx_array_free(y);
  CHECK_FAILS_OUT(rlx_mlx_op_eigh, RLX_MLX_ERR_BAD_SHAPE, x, rlx_mlx_op_eigh(wide, 0, &x, &y));
  CHECK_OK(rlx_mlx_op_eigvalsh(a, 1, &x));
  CHECK(holds_f32(x, eigenvalues, 2, 1e-5F));
  rlx_mlx_array_free(x);
  CHECK_FAILS_OUT(rlx_mlx_op_eigvalsh, RLX_MLX_ERR_BAD_SHAPE, x, rlx_mlx_op_eigvalsh(wide, 0, &x));
  CHECK_OK(rlx_mlx_op_eig(a, &x, &y));
  CHECK_OK(rlx_mlx_op_unary(x, RLX_MLX_UN_ABS, &z));
  CHECK(holds_f32(z, singular, 2, 1e-5F) || holds_f32(z, eigenvalues, 2, 1e-5F));
  rlx_mlx_array_free(x);
  rlx_mlx_array_free(y);
  rlx_mlx_array_free(z);
  CHECK_FAILS_OUT(rlx_mlx_op_eig, RLX_MLX_ERR_BAD_DTYPE, x, rlx_mlx_op_eig(ints, &x, &y));
  CHECK_OK(rlx_mlx_op_eigvals(a, &x));
  CHECK_OK(rlx_mlx_op_unary(x, RLX_MLX_UN_ABS, &z));
  CHECK(holds_f32(z, singular, 2, 1e-5F) || holds_f32(z, eigenvalues, 2, 1e-5F));
  rlx_mlx_array_free(x);
  rlx_mlx_array_free(z);
  CHECK_FAILS_OUT(rlx_mlx_op_eigvals, RLX_MLX_ERR_BAD_SHAPE, x, rlx_mlx_op_eigvals(wide, &x));
}

static void numbers(rlx_mlx_array_t* a, rlx_mlx_array_t* wide) {
  const float eleven = 11, sign = 1, logarithm = 2.3978953F, one_norm = 5, frobenius = 5.1961524F, two_norm = 4.618034F;
  const float p[] = {1, 0, 0}, q[] = {0, 1, 0}, r[] = {0, 0, 1};
  const int axis = 9;
  rlx_mlx_array_t *x = NULL, *y = NULL, *u = make_f32(p, 3, 0), *v = make_f32(q, 3, 0), *one = make_f32(p, 1, 0);

  CHECK_OK(rlx_mlx_op_det(a, &x));
  CHECK(holds_f32(x, &eleven, 1, 1e-4F));
  rlx_mlx_array_free(x);
  CHECK_FAILS_OUT(rlx_mlx_op_det, RLX_MLX_ERR_BAD_SHAPE, x, rlx_mlx_op_det(wide, &x));
  CHECK_OK(rlx_mlx_op_slogdet(a, &x, &y));
  CHECK(holds_f32(x, &sign, 1, 0) && holds_f32(y, &logarithm, 1, 1e-5F));
  rlx_mlx_array_free(x);
  rlx_mlx_array_free(y);
  CHECK_FAILS_OUT(rlx_mlx_op_slogdet, RLX_MLX_ERR_BAD_SHAPE, x, rlx_mlx_op_slogdet(wide, &x, &y));
  CHECK_OK(rlx_mlx_op_norm(a, 1, NULL, 0, 0, &x));
  CHECK(holds_f32(x, &one_norm, 1, 1e-5F));
  rlx_mlx_array_free(x);
  CHECK_OK(rlx_mlx_op_norm(a, 2, NULL, 0, 0, &x));
  CHECK(holds_f32(x, &two_norm, 1, 1e-5F));
  rlx_mlx_array_free(x);
  CHECK_FAILS_OUT(rlx_mlx_op_norm, RLX_MLX_ERR_GENERIC, x, rlx_mlx_op_norm(a, 3, NULL, 0, 0, &x));
  CHECK_FAILS_OUT(rlx_mlx_op_norm, RLX_MLX_ERR_BAD_SHAPE, x, rlx_mlx_op_norm(a, 2, &axis, 1, 0, &x));
  CHECK_OK(rlx_mlx_op_norm_named(a, "fro", NULL, 0, 0, &x));
  CHECK(holds_f32(x, &frobenius, 1, 1e-5F));
  rlx_mlx_array_free(x);
  CHECK_FAILS_OUT(rlx_mlx_op_norm_named, RLX_MLX_ERR_GENERIC, x, rlx_mlx_op_norm_named(a, "max", NULL, 0, 0, &x));
  CHECK_FAILS_OUT(rlx_mlx_op_norm_named, RLX_MLX_ERR_NULL, x, rlx_mlx_op_norm_named(a, NULL, NULL, 0, 0, &x));
  CHECK_OK(rlx_mlx_op_cross(u, v, -1, &x));
  CHECK(holds_f32(x, r, 3, 0));
  rlx_mlx_array_free(x);
  CHECK_FAILS_OUT(rlx_mlx_op_cross, RLX_MLX_ERR_BAD_SHAPE, x, rlx_mlx_op_cross(u, one, -1, &x));
  rlx_mlx_array_free(u);
  rlx_mlx_array_free(v);
  rlx_mlx_array_free(one);
}

void test_linalg(void) {
  const float data[] = {4, 1, 1, 3}, ones[] = {1, 1, 1, 1, 1, 1};
  const int32_t whole[] = {1, 2};
  rlx_mlx_array_t *a = make_f32(data, 2, 2), *singular = make_f32(ones, 2, 2), *wide = make_f32(ones, 2, 3);
  rlx_mlx_array_t* ints = make_i32(whole, 2);
  systems(a, singular, wide, ints);
  factors(a, wide, ints, data);
  numbers(a, wide);
  rlx_mlx_array_free(a);
  rlx_mlx_array_free(singular);
  rlx_mlx_array_free(wide);
  rlx_mlx_array_free(ints);
}
