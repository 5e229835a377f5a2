/* include/rlx_mlx/array.h */
#include "check.h"

static void count_release(void* context) {
  ++*(int*)context;
}

static void making(void) {
  const float data[] = {1, -2, 3, 4, 5, 6};
  const int shape[] = {2, 3};
  const int negative[] = {-1, -1};
  const int huge[] = {65536, 65536, 65536, 65536};
  const unsigned char flags[] = {0, 1, 2, 255}, truth[] = {0, 1, 1, 1};
  const int four = 4, two = 2;
  int32_t halves[] = {1, -2, 3, 4, 5, 6};
  int released = 0;
  rlx_mlx_array_t* a = NULL;

  CHECK(rlx_mlx_dtype_size(RLX_MLX_DTYPE_BF16) == 2 && rlx_mlx_dtype_size(RLX_MLX_DTYPE_C64) == 8);
  CHECK(rlx_mlx_dtype_size((rlx_mlx_dtype_t)12) == 0);

  CHECK_OK(rlx_mlx_array_from_data(shape, 2, data, 6, RLX_MLX_DTYPE_F32, &a));
  CHECK(holds_f32(a, data, 6, 0));
  rlx_mlx_array_free(a);
  CHECK_OK(rlx_mlx_array_from_data(shape, 2, data, 6, RLX_MLX_DTYPE_I32, &a));
  CHECK(holds_bytes(a, halves, sizeof(halves)));
  rlx_mlx_array_free(a);
  CHECK_FAILS_OUT(rlx_mlx_array_from_data, RLX_MLX_ERR_BAD_SHAPE, a,
                  rlx_mlx_array_from_data(shape, 2, data, 5, RLX_MLX_DTYPE_F32, &a));
  CHECK_FAILS_OUT(rlx_mlx_array_from_data, RLX_MLX_ERR_BAD_SHAPE, a,
                  rlx_mlx_array_from_data(negative, 2, data, 1, RLX_MLX_DTYPE_F32, &a));
  CHECK_FAILS_OUT(rlx_mlx_array_from_data, RLX_MLX_ERR_BAD_SHAPE, a,
                  rlx_mlx_array_from_data(huge, 4, data, 0, RLX_MLX_DTYPE_F32, &a));
  CHECK_FAILS_OUT(rlx_mlx_array_from_data, RLX_MLX_ERR_NULL, a,
                  rlx_mlx_array_from_data(shape, 2, NULL, 6, RLX_MLX_DTYPE_F32, &a));
  CHECK_FAILS_OUT(rlx_mlx_array_from_data, RLX_MLX_ERR_BAD_DTYPE, a,
                  rlx_mlx_array_from_data(shape, 2, data, 6, (rlx_mlx_dtype_t)99, &a));
  CHECK_FAILS(rlx_mlx_array_from_data, RLX_MLX_ERR_NULL,
              rlx_mlx_array_from_data(shape, 2, data, 6, RLX_MLX_DTYPE_F32, NULL));

  CHECK_OK(rlx_mlx_array_from_bytes(&four, 1, flags, 4, RLX_MLX_DTYPE_BOOL, &a));
  CHECK(holds_bytes(a, truth, 4));
  rlx_mlx_array_free(a);
  CHECK_FAILS_OUT(rlx_mlx_array_from_bytes, RLX_MLX_ERR_BAD_SHAPE, a,
                  rlx_mlx_array_from_bytes(&four, 1, flags, 4, RLX_MLX_DTYPE_I32, &a));
  CHECK_FAILS_OUT(rlx_mlx_array_from_bytes, RLX_MLX_ERR_NULL, a,
                  rlx_mlx_array_from_bytes(NULL, 1, flags, 4, RLX_MLX_DTYPE_U8, &a));

  CHECK_OK(rlx_mlx_array_from_borrowed(&two, 1, data, 8, RLX_MLX_DTYPE_F32, count_release, &released, &a));
  CHECK(holds_f32(a, data, 2, 0));
  rlx_mlx_array_free(a);
  CHECK(released == 1);
  CHECK_FAILS_OUT(rlx_mlx_array_from_borrowed, RLX_MLX_ERR_BAD_SHAPE, a,
                  rlx_mlx_array_from_borrowed(&two, 1, data, 7, RLX_MLX_DTYPE_F32, count_release, &released, &a));
  CHECK(released == 2);

  CHECK_OK(rlx_mlx_array_placeholder(shape, 2, RLX_MLX_DTYPE_F16, &a));
  rlx_mlx_array_free(a);
  CHECK_FAILS_OUT(rlx_mlx_array_placeholder, RLX_MLX_ERR_BAD_SHAPE, a,
                  rlx_mlx_array_placeholder(negative, 2, RLX_MLX_DTYPE_F16, &a));

  CHECK_OK(rlx_mlx_array_scalar(2.5, RLX_MLX_DTYPE_F32, &a));
  {
    const float expected = 2.5F;
    CHECK(holds_f32(a, &expected, 1, 0));
  }
  rlx_mlx_array_free(a);
  CHECK_FAILS_OUT(rlx_mlx_array_scalar, RLX_MLX_ERR_BAD_DTYPE, a, rlx_mlx_array_scalar(1, (rlx_mlx_dtype_t)-1, &a));
}

static void reading(void) {
  const float data[] = {1, 2, 3, 4, 5, 6}, turned_data[] = {1, 4, 2, 5, 3, 6};
  const int perm[] = {1, 0};
  const int64_t big = 9007199254740993; /* 2^53 + 1 */
  const int one = 1;
  rlx_mlx_array_t *a = make_f32(data, 2, 3), *turned = NULL, *copy = NULL, *item = NULL;
  float found[6];
  int extents[2], contiguous = 9;
  int64_t strides[2], integer = 0;
  double real = 0;
  size_t n = 0;
  rlx_mlx_dtype_t dtype = RLX_MLX_DTYPE_BOOL;

  CHECK_OK(rlx_mlx_op_transpose(a, perm, 2, &turned));
  CHECK_OK(rlx_mlx_array_to_bytes(turned, found, sizeof(found), &n));
  CHECK(n == sizeof(found) && memcmp(found, turned_data, n) == 0);
  n = 0;
  CHECK_FAILS(rlx_mlx_array_to_bytes, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_array_to_bytes(a, found, 8, &n));
  CHECK(n == 24);
  CHECK_FAILS(rlx_mlx_array_to_bytes, RLX_MLX_ERR_NULL, rlx_mlx_array_to_bytes(NULL, found, 24, &n));
  CHECK_FAILS(rlx_mlx_array_to_bytes, RLX_MLX_ERR_NULL, rlx_mlx_array_to_bytes(a, NULL, 24, &n));
  CHECK_FAILS(rlx_mlx_array_to_bytes, RLX_MLX_ERR_NULL, rlx_mlx_array_to_bytes(a, found, 24, NULL));

  CHECK_OK(rlx_mlx_array_to_f32(turned, found, 6));
  CHECK(memcmp(found, turned_data, sizeof(found)) == 0);
  CHECK_FAILS(rlx_mlx_array_to_f32, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_array_to_f32(a, found, 5));
  CHECK_FAILS(rlx_mlx_array_to_f32, RLX_MLX_ERR_NULL, rlx_mlx_array_to_f32(a, NULL, 6));

  item = make(RLX_MLX_DTYPE_I64, &big, sizeof(big), 1, &one);
  CHECK_OK(rlx_mlx_array_item_i64(item, &integer));
  CHECK(integer == big);
  CHECK_OK(rlx_mlx_array_item_f64(item, &real));
  CHECK(real == 9007199254740992.0);
  CHECK_FAILS(rlx_mlx_array_item_i64, RLX_MLX_ERR_BAD_DTYPE, rlx_mlx_array_item_i64(a, &integer));
  CHECK_FAILS(rlx_mlx_array_item_f64, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_array_item_f64(a, &real));
  CHECK_FAILS(rlx_mlx_array_item_f64, RLX_MLX_ERR_NULL, rlx_mlx_array_item_f64(item, NULL));

  CHECK_OK(rlx_mlx_array_clone(a, &copy));
  CHECK(holds_f32(copy, data, 6, 0));
  rlx_mlx_array_free(copy);
  CHECK_FAILS_OUT(rlx_mlx_array_clone, RLX_MLX_ERR_NULL, copy, rlx_mlx_array_clone(NULL, &copy));

  CHECK_OK(rlx_mlx_array_shape(turned, extents, 2, &n));
  CHECK(n == 2 && extents[0] == 3 && extents[1] == 2);
  n = 0;
  CHECK_FAILS(rlx_mlx_array_shape, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_array_shape(a, NULL, 0, &n));
  CHECK(n == 2);
  CHECK_OK(rlx_mlx_array_ndim(a, &n));
  CHECK(n == 2);
  CHECK_FAILS(rlx_mlx_array_ndim, RLX_MLX_ERR_NULL, rlx_mlx_array_ndim(a, NULL));
  CHECK_OK(rlx_mlx_array_size(a, &n));
  CHECK(n == 6);
  CHECK_FAILS(rlx_mlx_array_size, RLX_MLX_ERR_NULL, rlx_mlx_array_size(NULL, &n));
  CHECK_OK(rlx_mlx_array_nbytes(a, &n));
  CHECK(n == 24);
  CHECK_FAILS(rlx_mlx_array_nbytes, RLX_MLX_ERR_NULL, rlx_mlx_array_nbytes(NULL, &n));
  CHECK_OK(rlx_mlx_array_dtype(a, &dtype));
  CHECK(dtype == RLX_MLX_DTYPE_F32);
  CHECK_FAILS(rlx_mlx_array_dtype, RLX_MLX_ERR_NULL, rlx_mlx_array_dtype(a, NULL));
  CHECK_OK(rlx_mlx_array_strides(turned, strides, 2, &n));
  CHECK(n == 2 && strides[0] == 1 && strides[1] == 3);
  CHECK_FAILS(rlx_mlx_array_strides, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_array_strides(turned, strides, 1, &n));
  CHECK_OK(rlx_mlx_array_is_contiguous(turned, &contiguous));
  CHECK(contiguous == 0);
  CHECK_OK(rlx_mlx_array_is_contiguous(a, &contiguous));
  CHECK(contiguous == 1);
  CHECK_FAILS(rlx_mlx_array_is_contiguous, RLX_MLX_ERR_NULL, rlx_mlx_array_is_contiguous(NULL, &contiguous));
  CHECK_OK(rlx_mlx_array_shares_memory(turned, a, &contiguous));
  CHECK(contiguous == 1);
  CHECK_FAILS(rlx_mlx_array_shares_memory, RLX_MLX_ERR_NULL, rlx_mlx_array_shares_memory(NULL, a, &contiguous));
  CHECK_FAILS(rlx_mlx_array_shares_memory, RLX_MLX_ERR_NULL, rlx_mlx_array_shares_memory(a, NULL, &contiguous));

  CHECK(rlx_mlx_live_handles() == 3);
  rlx_mlx_array_free(item);
  rlx_mlx_array_free(turned);
  rlx_mlx_array_free(a);
  rlx_mlx_array_free(NULL);
}

void test_array(void) {
  making();
  reading();
}
