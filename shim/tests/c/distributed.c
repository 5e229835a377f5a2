/* The group of size 1, which needs no peer. */
#include "check.h"

static void check_before_init(void) {
  float value = 1;
  int rank = 0;
  CHECK_FAILS(rlx_mlx_dist_rank, RLX_MLX_ERR_GENERIC, rlx_mlx_dist_rank(&rank));
  CHECK_FAILS(rlx_mlx_dist_size, RLX_MLX_ERR_GENERIC, rlx_mlx_dist_size(&rank));
  CHECK_FAILS(rlx_mlx_dist_barrier, RLX_MLX_ERR_GENERIC, rlx_mlx_dist_barrier());
  CHECK_FAILS(rlx_mlx_dist_all_sum_f32, RLX_MLX_ERR_GENERIC, rlx_mlx_dist_all_sum_f32(&value, &value, 1));
  CHECK_FAILS(rlx_mlx_dist_all_sum_f32, RLX_MLX_ERR_GENERIC, rlx_mlx_dist_all_sum_f32(&value, &value, 0));
}

static void check_init(void) {
  int rank = 9, size = 9, group = 9, available = 9;
  CHECK_OK(rlx_mlx_dist_is_available(&available));
  CHECK(available == 0 || available == 1);
  CHECK_FAILS(rlx_mlx_dist_is_available, RLX_MLX_ERR_NULL, rlx_mlx_dist_is_available(NULL));
  CHECK_OK(rlx_mlx_dist_has_backend("ring", &available));
  CHECK(available == 0 || available == 1);
  CHECK_FAILS(rlx_mlx_dist_has_backend, RLX_MLX_ERR_GENERIC, rlx_mlx_dist_has_backend("pigeon", &available));
  CHECK_FAILS(rlx_mlx_dist_has_backend, RLX_MLX_ERR_NULL, rlx_mlx_dist_has_backend(NULL, &available));
  CHECK_FAILS(rlx_mlx_dist_has_backend, RLX_MLX_ERR_NULL, rlx_mlx_dist_has_backend("ring", NULL));
  CHECK_FAILS(rlx_mlx_dist_init, RLX_MLX_ERR_NULL, rlx_mlx_dist_init(0, NULL, NULL, &size));
  CHECK_FAILS(rlx_mlx_dist_init, RLX_MLX_ERR_GENERIC, rlx_mlx_dist_init(0, "pigeon", &rank, &size));
  CHECK_FAILS(rlx_mlx_dist_init, RLX_MLX_ERR_GENERIC, rlx_mlx_dist_init(1, "any", &rank, &size));
  CHECK_OK(rlx_mlx_dist_init(0, NULL, &rank, &size));
  CHECK(rank == 0 && size == 1);
  CHECK_OK(rlx_mlx_dist_init(0, "ring", &rank, &size));
  CHECK(rank == 0 && size == 1);
  rank = size = 9;
  CHECK_OK(rlx_mlx_dist_rank(&rank));
  CHECK_OK(rlx_mlx_dist_size(&size));
  CHECK(rank == 0 && size == 1);
  CHECK_FAILS(rlx_mlx_dist_rank, RLX_MLX_ERR_NULL, rlx_mlx_dist_rank(NULL));
  CHECK_FAILS(rlx_mlx_dist_size, RLX_MLX_ERR_NULL, rlx_mlx_dist_size(NULL));
  CHECK_OK(rlx_mlx_dist_barrier());
  CHECK_OK(rlx_mlx_dist_enter(0));
  CHECK_FAILS(rlx_mlx_dist_enter, RLX_MLX_ERR_GENERIC, rlx_mlx_dist_enter(1));
  CHECK_FAILS(rlx_mlx_dist_enter, RLX_MLX_ERR_GENERIC, rlx_mlx_dist_enter(-1));
  CHECK_FAILS(rlx_mlx_dist_split, RLX_MLX_ERR_NULL, rlx_mlx_dist_split(0, 0, NULL, &rank, &size));
  CHECK_FAILS(rlx_mlx_dist_split, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_dist_split(-1, 0, &group, &rank, &size));
  /* One alone cannot be split. */
  CHECK_FAILS(rlx_mlx_dist_split, RLX_MLX_ERR_GENERIC, rlx_mlx_dist_split(0, 0, &group, &rank, &size));
}

static void check_host_memory(void) {
  const float in[3] = {1, 2, 3};
  const int64_t big[2] = {INT64_MAX, INT64_MIN};
  float out[3] = {0, 0, 0};
  int64_t out_big[2] = {0, 0};
  CHECK_OK(rlx_mlx_dist_all_sum_f32(in, out, 3));
  CHECK(memcmp(in, out, sizeof in) == 0);
  CHECK_OK(rlx_mlx_dist_all_sum_f32(NULL, NULL, 0));
  CHECK_OK(rlx_mlx_dist_all_reduce(RLX_MLX_DIST_MAX, big, out_big, 2, RLX_MLX_DTYPE_I64));
  CHECK(memcmp(big, out_big, sizeof big) == 0);
  CHECK_FAILS(rlx_mlx_dist_all_sum_f32, RLX_MLX_ERR_NULL, rlx_mlx_dist_all_sum_f32(NULL, out, 3));
  CHECK_FAILS(rlx_mlx_dist_all_reduce, RLX_MLX_ERR_GENERIC,
              rlx_mlx_dist_all_reduce((rlx_mlx_dist_reduce_t)9, in, out, 3, RLX_MLX_DTYPE_F32));
  CHECK_FAILS(rlx_mlx_dist_all_reduce, RLX_MLX_ERR_BAD_DTYPE,
              rlx_mlx_dist_all_reduce(RLX_MLX_DIST_SUM, in, out, 3, (rlx_mlx_dtype_t)99));

  memset(out, 0, sizeof out);
  CHECK_OK(rlx_mlx_dist_all_gather_f32(in, 3, out, 3));
  CHECK(memcmp(in, out, sizeof in) == 0);
  CHECK_OK(rlx_mlx_dist_all_gather(big, 2, out_big, 2, RLX_MLX_DTYPE_I64));
  CHECK_FAILS(rlx_mlx_dist_all_gather_f32, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_dist_all_gather_f32(in, 3, out, 2));
  CHECK_FAILS(rlx_mlx_dist_all_gather, RLX_MLX_ERR_BAD_DTYPE,
              rlx_mlx_dist_all_gather(in, 3, out, 3, (rlx_mlx_dtype_t)99));
}

static void check_to_self(void) {
  const float first[2] = {1, 2}, second[1] = {3};
  const uint8_t bytes[3] = {7, 8, 9};
  float out[2] = {0, 0};
  uint8_t out_bytes[3] = {0, 0, 0};
  CHECK_FAILS(rlx_mlx_dist_recv_f32, RLX_MLX_ERR_GENERIC, rlx_mlx_dist_recv_f32(out, 1, 0));
  CHECK_OK(rlx_mlx_dist_send_f32(first, 2, 0));
  CHECK_OK(rlx_mlx_dist_send_f32(second, 1, 0));
  CHECK_OK(rlx_mlx_dist_send(bytes, 3, RLX_MLX_DTYPE_U8, 0));
  CHECK_OK(rlx_mlx_dist_send_f32(NULL, 0, 0));
  CHECK_FAILS(rlx_mlx_dist_recv_f32, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_dist_recv_f32(out, 1, 0));
  CHECK_OK(rlx_mlx_dist_recv_f32(out, 2, 0));
  CHECK(out[0] == 1 && out[1] == 2);
  CHECK_OK(rlx_mlx_dist_recv_f32(out, 1, 0));
  CHECK(out[0] == 3);
  CHECK_FAILS(rlx_mlx_dist_recv, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_dist_recv(out_bytes, 3, RLX_MLX_DTYPE_BOOL, 0));
  CHECK_OK(rlx_mlx_dist_recv(out_bytes, 3, RLX_MLX_DTYPE_U8, 0));
  CHECK(memcmp(bytes, out_bytes, 3) == 0);
  CHECK_FAILS(rlx_mlx_dist_send_f32, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_dist_send_f32(first, 2, 1));
  CHECK_FAILS(rlx_mlx_dist_send, RLX_MLX_ERR_NULL, rlx_mlx_dist_send(NULL, 2, RLX_MLX_DTYPE_F32, 0));
}

static void check_arrays(void) {
  const float data[4] = {1, 2, 3, 4};
  rlx_mlx_array_t* in = make_f32(data, 2, 2);
  rlx_mlx_array_t *out = NULL, *scalar = NULL;
#define SAME(call)                     \
  do {                                 \
    CHECK_OK(call);                    \
    CHECK(holds_f32(out, data, 4, 0)); \
    rlx_mlx_array_free(out);           \
  } while (0)
  SAME(rlx_mlx_dist_all_sum_array(in, &out));
  SAME(rlx_mlx_dist_all_reduce_array(RLX_MLX_DIST_MIN, in, &out));
  SAME(rlx_mlx_dist_all_gather_array(in, &out));
  SAME(rlx_mlx_dist_sum_scatter_array(in, &out));
  SAME(rlx_mlx_dist_after_array(in, in, &out));
#undef SAME
  CHECK_FAILS_OUT(rlx_mlx_dist_after_array, RLX_MLX_ERR_NULL, out, rlx_mlx_dist_after_array(in, NULL, &out));
  CHECK_FAILS_OUT(rlx_mlx_dist_all_sum_array, RLX_MLX_ERR_NULL, out, rlx_mlx_dist_all_sum_array(NULL, &out));
  CHECK_FAILS_OUT(rlx_mlx_dist_all_gather_array, RLX_MLX_ERR_NULL, out, rlx_mlx_dist_all_gather_array(NULL, &out));
  CHECK_FAILS_OUT(rlx_mlx_dist_all_reduce_array, RLX_MLX_ERR_GENERIC, out,
                  rlx_mlx_dist_all_reduce_array((rlx_mlx_dist_reduce_t)9, in, &out));
  scalar = make(RLX_MLX_DTYPE_F32, data, 4, 0, NULL);
  CHECK_FAILS_OUT(rlx_mlx_dist_sum_scatter_array, RLX_MLX_ERR_BAD_SHAPE, out,
                  rlx_mlx_dist_sum_scatter_array(scalar, &out));
  rlx_mlx_array_free(scalar);
  rlx_mlx_array_free(in);
}

void test_distributed(void) {
  check_before_init();
  check_init();
  check_host_memory();
  check_to_self();
  check_arrays();
}
