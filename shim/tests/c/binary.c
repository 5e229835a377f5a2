/* Elementwise ops of two or three operands. */
#include "check.h"

void test_binary(void);

static const char* const NO_SHAPE = "do not broadcast";

/* The ways in which a function of two arrays refuses. */
#define BAD(NAME)                                                \
  do {                                                           \
    REFUSES(NAME, RLX_MLX_ERR_NULL, NAME(NULL, i, &out));        \
    REFUSES(NAME, RLX_MLX_ERR_NULL, NAME(i, NULL, &out));        \
    REFUSES(NAME, RLX_MLX_ERR_BAD_SHAPE, NAME(i, longer, &out)); \
    CHECK(strstr(rlx_mlx_last_error(), NO_SHAPE) != NULL);       \
    CHECK_FAILS(NAME, RLX_MLX_ERR_NULL, NAME(i, k, NULL));       \
  } while (0)

void test_binary(void) {
  const float a[] = {-7.5f, 2.0f, 3.0f}, b[] = {2.0f, -4.0f, 0.5f}, one = 1.0f, two = 2.0f, pair[] = {1.0f, 2.0f};
  const int32_t p[] = {-7, 7, INT32_MIN}, q[] = {2, 0, -1}, r[] = {1, 2, 3, 4}, shifts[] = {1, 2, 3};
  const unsigned char yes_no[] = {1, 0, 1};
  const int three = 3, single = 1;
  rlx_mlx_array_t* f = make_f32(a, 3, 0);
  rlx_mlx_array_t* g = make_f32(b, 3, 0);
  rlx_mlx_array_t* low = make_f32(&one, 1, 0);
  rlx_mlx_array_t* high = make_f32(&two, 1, 0);
  rlx_mlx_array_t* i = make_i32(p, 3);
  rlx_mlx_array_t* j = make_i32(q, 3);
  rlx_mlx_array_t* k = make_i32(shifts, 3);
  rlx_mlx_array_t* longer = make_i32(r, 4);
  rlx_mlx_array_t* t = make(RLX_MLX_DTYPE_BOOL, yes_no, sizeof yes_no, 1, &three);
  rlx_mlx_array_t* c = make(RLX_MLX_DTYPE_C64, pair, sizeof pair, 1, &single);

  GIVES_F32(rlx_mlx_op_add(f, g, &out), -5.5f, -2.0f, 3.5f);
  BAD(rlx_mlx_op_add);
  GIVES_F32(rlx_mlx_op_sub(f, g, &out), -9.5f, 6.0f, 2.5f);
  BAD(rlx_mlx_op_sub);
  GIVES_F32(rlx_mlx_op_mul(f, g, &out), -15.0f, -8.0f, 1.5f);
  BAD(rlx_mlx_op_mul);
  GIVES_F32(rlx_mlx_op_div(f, g, &out), -3.75f, -0.5f, 6.0f);
  BAD(rlx_mlx_op_div);
  GIVES_F32(rlx_mlx_op_floor_div(f, g, &out), -4.0f, -1.0f, 6.0f);
  /* A CPU traps on the last two. */
  GIVES_I32(rlx_mlx_op_floor_div(i, j, &out), -4, 0, INT32_MIN);
  REFUSES(rlx_mlx_op_floor_div, RLX_MLX_ERR_BAD_DTYPE, rlx_mlx_op_floor_div(c, c, &out));
  BAD(rlx_mlx_op_floor_div);
  GIVES_F32(rlx_mlx_op_remainder(f, g, &out), 0.5f, -2.0f, 0.0f);
  GIVES_I32(rlx_mlx_op_remainder(i, j, &out), 1, 0, 0);
  BAD(rlx_mlx_op_remainder);
  GIVES_F32(rlx_mlx_op_fmod(f, g, &out), -1.5f, 2.0f, 0.0f);
  GIVES_I32(rlx_mlx_op_fmod(i, j, &out), -1, 0, 0);
  BAD(rlx_mlx_op_fmod);
  GIVES_F32(rlx_mlx_op_max(f, g, &out), 2.0f, 2.0f, 3.0f);
  BAD(rlx_mlx_op_max);
  GIVES_F32(rlx_mlx_op_min(f, g, &out), -7.5f, -4.0f, 0.5f);
  BAD(rlx_mlx_op_min);
  GIVES_F32(rlx_mlx_op_pow(f, high, &out), 56.25f, 4.0f, 9.0f);
  BAD(rlx_mlx_op_pow);
  GIVES_F32(rlx_mlx_op_atan2(f, g, &out), -1.3101939f, 2.6779450f, 1.4056476f);
  BAD(rlx_mlx_op_atan2);
  GIVES_F32(rlx_mlx_op_logaddexp(f, g, &out), 2.0000749f, 2.0024757f, 3.0788897f);
  BAD(rlx_mlx_op_logaddexp);

  GIVES_I32(rlx_mlx_op_bit_and(i, k, &out), 1, 2, 0);
  REFUSES(rlx_mlx_op_bit_and, RLX_MLX_ERR_BAD_DTYPE, rlx_mlx_op_bit_and(f, k, &out));
  BAD(rlx_mlx_op_bit_and);
  GIVES_I32(rlx_mlx_op_bit_or(i, k, &out), -7, 7, INT32_MIN + 3);
  BAD(rlx_mlx_op_bit_or);
  GIVES_I32(rlx_mlx_op_bit_xor(i, k, &out), -8, 5, INT32_MIN + 3);
  BAD(rlx_mlx_op_bit_xor);
  GIVES_I32(rlx_mlx_op_shl(i, k, &out), -14, 28, 0);
  REFUSES(rlx_mlx_op_shl, RLX_MLX_ERR_BAD_DTYPE, rlx_mlx_op_shl(i, f, &out));
  BAD(rlx_mlx_op_shl);
  GIVES_I32(rlx_mlx_op_shr(i, k, &out), -4, 1, INT32_MIN / 8);
  BAD(rlx_mlx_op_shr);
  GIVES_BOOL(rlx_mlx_op_logical_and(j, t, &out), 1, 0, 1);
  BAD(rlx_mlx_op_logical_and);
  GIVES_BOOL(rlx_mlx_op_logical_or(j, t, &out), 1, 0, 1);
  BAD(rlx_mlx_op_logical_or);
  GIVES_BOOL(rlx_mlx_op_logical_xor(i, t, &out), 0, 1, 0);
  BAD(rlx_mlx_op_logical_xor);
  GIVES_BOOL(rlx_mlx_op_eq(f, high, &out), 0, 1, 0);
  BAD(rlx_mlx_op_eq);
  GIVES_BOOL(rlx_mlx_op_ne(f, high, &out), 1, 0, 1);
  BAD(rlx_mlx_op_ne);
  GIVES_BOOL(rlx_mlx_op_lt(f, high, &out), 1, 0, 0);
  BAD(rlx_mlx_op_lt);
  GIVES_BOOL(rlx_mlx_op_le(f, high, &out), 1, 1, 0);
  BAD(rlx_mlx_op_le);
  GIVES_BOOL(rlx_mlx_op_gt(f, high, &out), 0, 0, 1);
  BAD(rlx_mlx_op_gt);
  GIVES_BOOL(rlx_mlx_op_ge(f, high, &out), 0, 1, 1);
  BAD(rlx_mlx_op_ge);

  GIVES_F32(rlx_mlx_op_where(t, f, g, &out), -7.5f, -4.0f, 3.0f);
  REFUSES(rlx_mlx_op_where, RLX_MLX_ERR_NULL, rlx_mlx_op_where(t, f, NULL, &out));
  REFUSES(rlx_mlx_op_where, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_where(t, f, longer, &out));
  GIVES_F32(rlx_mlx_op_clip(f, low, high, &out), 1.0f, 2.0f, 2.0f);
  GIVES_F32(rlx_mlx_op_clip(f, NULL, high, &out), -7.5f, 2.0f, 2.0f);
  REFUSES(rlx_mlx_op_clip, RLX_MLX_ERR_NULL, rlx_mlx_op_clip(f, NULL, NULL, &out));
  REFUSES(rlx_mlx_op_clip, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_clip(f, longer, NULL, &out));
  rlx_mlx_array_free(f);
  rlx_mlx_array_free(g);
  rlx_mlx_array_free(low);
  rlx_mlx_array_free(high);
  rlx_mlx_array_free(i);
  rlx_mlx_array_free(j);
  rlx_mlx_array_free(k);
  rlx_mlx_array_free(longer);
  rlx_mlx_array_free(t);
  rlx_mlx_array_free(c);
}
