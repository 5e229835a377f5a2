/* Elementwise ops of one operand. */
#include "check.h"

void test_unary(void);

/* Every kind, with its value at 0.5. */
static void kinds(rlx_mlx_array_t* a) {
  static const float expected[] = {
      0.5f,        0.62245933f, 0.46211716f, 1.6487213f,  -0.6931472f, 0.70710678f, 1.4142135f,    -0.5f,       0.5f,
      0.52049988f, 0.0f,        0.47942554f, 0.87758256f, 0.54630249f, 0.46364761f, 0.0f,          1.0f,        1.0f,
      2.0f,        0.40546511f, 0.64872127f, 0.52359878f, 1.0471976f,  0.52109531f, 1.1276260f,    0.48121183f, NAN,
      0.54930614f, -1.0f,       -0.30103f,   0.47693628f, 0.25f,       0.0f,        0.0f,          0.0f,        1.0f,
      0.0f,        0.0f,        0.5f,        0.5f,        0.0f,        28.647890f,  0.0087266463f,
  };
  int kind;
  CHECK(sizeof expected / sizeof *expected == RLX_MLX_UN_RADIANS + 1);
  for (kind = 0; kind <= RLX_MLX_UN_RADIANS; ++kind) {
    rlx_mlx_array_t *out = NULL, *real = NULL;
    CHECK_OK(rlx_mlx_op_unary(a, (rlx_mlx_unary_t)kind, &out));
    CHECK_OK(rlx_mlx_op_cast(out, RLX_MLX_DTYPE_F32, &real));
    CHECK(real && holds_f32(real, &expected[kind], 1, 2e-6f));
    rlx_mlx_array_free(out);
    rlx_mlx_array_free(real);
  }
}

void test_unary(void) {
  const float half = 0.5f, mixed[] = {-2.0f, 0.0f, 1.0f}, wild[] = {NAN, INFINITY, -INFINITY, 3.0f};
  const float pair[] = {1.0f, 2.0f};
  const int32_t whole[] = {0, 5, -1};
  const int one = 1;
  rlx_mlx_array_t* a = make_f32(&half, 1, 0);
  rlx_mlx_array_t* x = make_f32(mixed, 3, 0);
  rlx_mlx_array_t* w = make_f32(wild, 4, 0);
  rlx_mlx_array_t* n = make_i32(whole, 3);
  rlx_mlx_array_t* c = make(RLX_MLX_DTYPE_C64, pair, sizeof pair, 1, &one);
  kinds(a);
  GIVES_F32(rlx_mlx_op_unary(x, RLX_MLX_UN_RELU, &out), 0.0f, 0.0f, 1.0f);
  REFUSES(rlx_mlx_op_unary, RLX_MLX_ERR_NULL, rlx_mlx_op_unary(NULL, RLX_MLX_UN_EXP, &out));
  REFUSES(rlx_mlx_op_unary, RLX_MLX_ERR_GENERIC, rlx_mlx_op_unary(a, (rlx_mlx_unary_t)999, &out));
  REFUSES(rlx_mlx_op_unary, RLX_MLX_ERR_BAD_DTYPE, rlx_mlx_op_unary(c, RLX_MLX_UN_ERF, &out));
  CHECK_FAILS(rlx_mlx_op_unary, RLX_MLX_ERR_NULL, rlx_mlx_op_unary(a, RLX_MLX_UN_EXP, NULL));

  GIVES_F32(rlx_mlx_op_gelu(x, &out), -0.04550026f, 0.0f, 0.84134475f);
  REFUSES(rlx_mlx_op_gelu, RLX_MLX_ERR_BAD_DTYPE, rlx_mlx_op_gelu(c, &out));
  GIVES_F32(rlx_mlx_op_silu(x, &out), -0.23840584f, 0.0f, 0.73105858f);
  REFUSES(rlx_mlx_op_silu, RLX_MLX_ERR_NULL, rlx_mlx_op_silu(NULL, &out));
  GIVES_I32(rlx_mlx_op_cast(x, RLX_MLX_DTYPE_I32, &out), -2, 0, 1);
  REFUSES(rlx_mlx_op_cast, RLX_MLX_ERR_BAD_DTYPE, rlx_mlx_op_cast(x, (rlx_mlx_dtype_t)99, &out));
  GIVES_U32(rlx_mlx_op_view(x, RLX_MLX_DTYPE_U32, &out), 0xC0000000u, 0u, 0x3F800000u);
  REFUSES(rlx_mlx_op_view, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_view(x, RLX_MLX_DTYPE_F64, &out));
  GIVES_I32(rlx_mlx_op_bit_not(n, &out), -1, -6, 0);
  REFUSES(rlx_mlx_op_bit_not, RLX_MLX_ERR_BAD_DTYPE, rlx_mlx_op_bit_not(x, &out));
  GIVES_BOOL(rlx_mlx_op_logical_not(n, &out), 1, 0, 0);
  REFUSES(rlx_mlx_op_logical_not, RLX_MLX_ERR_NULL, rlx_mlx_op_logical_not(NULL, &out));
  GIVES_F32(rlx_mlx_op_nan_to_num(w, 1.0f, 9.0f, -9.0f, &out), 1.0f, 9.0f, -9.0f, 3.0f);
  REFUSES(rlx_mlx_op_nan_to_num, RLX_MLX_ERR_NULL, rlx_mlx_op_nan_to_num(NULL, 0.0f, 0.0f, 0.0f, &out));
  rlx_mlx_array_free(a);
  rlx_mlx_array_free(x);
  rlx_mlx_array_free(w);
  rlx_mlx_array_free(n);
  rlx_mlx_array_free(c);
}
