/* include/rlx_mlx/random.h */
#include "check.h"

#define COUNT 64

/* Reads `array` as f32 and checks that all is within [low, high]. */
static int within(rlx_mlx_array_t* array, float low, float high) {
  float found[COUNT];
  size_t n = 0, i;
  if (rlx_mlx_array_size(array, &n) != RLX_MLX_OK || n > COUNT ||
      rlx_mlx_array_to_f32(array, found, COUNT) != RLX_MLX_OK) {
    return 0;
  }
  for (i = 0; i < n; ++i) {
    if (!(found[i] >= low && found[i] <= high)) {
      return 0;
    }
  }
  return 1;
}

void test_random(void) {
  const int shape = COUNT, bad = -1;
  const float none[] = {0}, full[] = {1}, sure[] = {-1000, 0};
  const int32_t from[] = {-2}, to[] = {3}, order[] = {0, 1, 2};
  const uint32_t second[] = {1}, zero_one[] = {0, 7};
  rlx_mlx_array_t *key = NULL, *keys = NULL, *out = NULL, *again = NULL;
  rlx_mlx_array_t *low = make_f32(none, 1, 0), *high = make_f32(full, 1, 0), *logits = make_f32(sure, 1, 2);
  rlx_mlx_array_t *ilow = make_i32(from, 1), *ihigh = make_i32(to, 1), *x = make_i32(order, 3);

  CHECK_OK(rlx_mlx_op_random_key(7, &key));
  CHECK(holds_bytes(key, zero_one, sizeof(zero_one)));
  CHECK_FAILS(rlx_mlx_op_random_key, RLX_MLX_ERR_NULL, rlx_mlx_op_random_key(7, NULL));
  CHECK_OK(rlx_mlx_op_random_split(key, 3, &keys));
  CHECK_FAILS_OUT(rlx_mlx_op_random_split, RLX_MLX_ERR_BAD_SHAPE, out, rlx_mlx_op_random_split(keys, 3, &out));
  CHECK_FAILS_OUT(rlx_mlx_op_random_split, RLX_MLX_ERR_BAD_SHAPE, out, rlx_mlx_op_random_split(key, 0, &out));
  CHECK_OK(rlx_mlx_op_random_bits(&shape, 1, 2, key, &out));
  CHECK(within(out, 0, 65535));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_random_bits, RLX_MLX_ERR_BAD_DTYPE, out, rlx_mlx_op_random_bits(&shape, 1, 3, key, &out));
  CHECK_FAILS_OUT(rlx_mlx_op_random_bits, RLX_MLX_ERR_NULL, out, rlx_mlx_op_random_bits(&shape, 1, 4, NULL, &out));
  CHECK_OK(rlx_mlx_op_random_uniform(low, high, &shape, 1, RLX_MLX_DTYPE_F32, key, &out));
  CHECK(within(out, 0, 1) && !within(out, 0, 0.5F));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_random_uniform, RLX_MLX_ERR_BAD_DTYPE, out,
                  rlx_mlx_op_random_uniform(low, high, &shape, 1, RLX_MLX_DTYPE_I32, key, &out));
  CHECK_OK(rlx_mlx_op_random_normal(&shape, 1, RLX_MLX_DTYPE_F32, NULL, NULL, key, &out));
  CHECK(within(out, -6, 6) && !within(out, 0, 6));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_random_normal, RLX_MLX_ERR_BAD_SHAPE, out,
                  rlx_mlx_op_random_normal(&bad, 1, RLX_MLX_DTYPE_F32, NULL, NULL, key, &out));
  CHECK_OK(rlx_mlx_op_random_truncated_normal(low, high, &shape, 1, RLX_MLX_DTYPE_F32, key, &out));
  CHECK(within(out, 0, 1));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_random_truncated_normal, RLX_MLX_ERR_BAD_SHAPE, out,
                  rlx_mlx_op_random_truncated_normal(x, high, &shape, 1, RLX_MLX_DTYPE_F32, key, &out));
  CHECK_OK(rlx_mlx_op_random_gumbel(&shape, 1, RLX_MLX_DTYPE_F32, key, &out));
  CHECK(within(out, -6, 30));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_random_gumbel, RLX_MLX_ERR_BAD_DTYPE, out,
                  rlx_mlx_op_random_gumbel(&shape, 1, RLX_MLX_DTYPE_F64, key, &out));
  CHECK_OK(rlx_mlx_op_random_laplace(&shape, 1, RLX_MLX_DTYPE_F32, 100, 1, key, &out));
  CHECK(within(out, 80, 120));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_random_laplace, RLX_MLX_ERR_BAD_DTYPE, out,
                  rlx_mlx_op_random_laplace(&shape, 1, RLX_MLX_DTYPE_F32, 0, 1, low, &out));
  CHECK_OK(rlx_mlx_op_random_bernoulli(high, &shape, 1, key, &out));
  CHECK(within(out, 1, 1));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_random_bernoulli, RLX_MLX_ERR_BAD_DTYPE, out,
                  rlx_mlx_op_random_bernoulli(ilow, &shape, 1, key, &out));
  CHECK_OK(rlx_mlx_op_random_randint(ilow, ihigh, &shape, 1, RLX_MLX_DTYPE_I32, key, &out));
  CHECK(within(out, -2, 2));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_random_randint, RLX_MLX_ERR_BAD_DTYPE, out,
                  rlx_mlx_op_random_randint(low, ihigh, &shape, 1, RLX_MLX_DTYPE_I32, key, &out));
  CHECK_OK(rlx_mlx_op_random_permutation(x, 0, key, &out));
  CHECK(within(out, 0, 2));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_random_permutation, RLX_MLX_ERR_BAD_SHAPE, out,
                  rlx_mlx_op_random_permutation(x, 1, key, &out));
  CHECK_OK(rlx_mlx_op_random_categorical(logits, -1, 5, key, &out));
  CHECK(within(out, 1, 1));
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_random_categorical, RLX_MLX_ERR_BAD_SHAPE, out,
                  rlx_mlx_op_random_categorical(logits, -1, 0, key, &out));
  CHECK_OK(rlx_mlx_op_categorical(logits, 1, 9, &out));
  CHECK(holds_bytes(out, second, sizeof(second)));
  rlx_mlx_array_free(out);
  CHECK_OK(rlx_mlx_random_seed(1));
  CHECK_OK(rlx_mlx_op_categorical(logits, 1, 0, &again));
  CHECK(holds_bytes(again, second, sizeof(second)));
  rlx_mlx_array_free(again);
  CHECK_FAILS_OUT(rlx_mlx_op_categorical, RLX_MLX_ERR_BAD_SHAPE, out, rlx_mlx_op_categorical(logits, 2, 9, &out));
  /* rlx_mlx_random_seed refuses nothing. */
  rlx_mlx_array_free(key);
  rlx_mlx_array_free(keys);
  rlx_mlx_array_free(low);
  rlx_mlx_array_free(high);
  rlx_mlx_array_free(logits);
  rlx_mlx_array_free(ilow);
  rlx_mlx_array_free(ihigh);
  rlx_mlx_array_free(x);
}
