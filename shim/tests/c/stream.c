/* include/rlx_mlx/stream.h */
#include "check.h"

static void count(void* ud) {
  ++*(int*)ud;
}

void test_stream(void) {
  int calls = 0, tasks = -1;
  const float ones[] = {1, 1}, twos[] = {2, 2};
  rlx_mlx_array_t *a = make_f32(ones, 2, 0), *sum = NULL;
  rlx_mlx_array_t* list[2];
  rlx_mlx_stream_t *stream = NULL, *none = NULL;
  rlx_mlx_device_t device = RLX_MLX_DEVICE_GPU;

  CHECK_OK(rlx_mlx_stream_new(RLX_MLX_DEVICE_CPU, &stream));
  CHECK_FAILS_OUT(rlx_mlx_stream_new, RLX_MLX_ERR_GENERIC, none, rlx_mlx_stream_new((rlx_mlx_device_t)7, &none));
  CHECK_OK(rlx_mlx_stream_device(stream, &device));
  CHECK(device == RLX_MLX_DEVICE_CPU);
  CHECK_FAILS(rlx_mlx_stream_device, RLX_MLX_ERR_NULL, rlx_mlx_stream_device(NULL, &device));

  CHECK_OK(rlx_mlx_stream_call(stream, count, &calls));
  CHECK_OK(rlx_mlx_stream_synchronize(stream));
  CHECK(calls == 1);
  CHECK_FAILS(rlx_mlx_stream_call, RLX_MLX_ERR_NULL, rlx_mlx_stream_call(NULL, count, &calls));
  CHECK_FAILS(rlx_mlx_stream_call, RLX_MLX_ERR_NULL, rlx_mlx_stream_call(stream, NULL, &calls));

  CHECK_OK(rlx_mlx_stream_enter(stream));
  CHECK_OK(rlx_mlx_op_add(a, a, &sum));
  list[0] = a;
  list[1] = sum;
  CHECK_OK(rlx_mlx_async_eval(list, 2));
  CHECK_OK(rlx_mlx_stream_synchronize(stream));
  CHECK_OK(rlx_mlx_synchronize());
  CHECK_OK(rlx_mlx_active_tasks(&tasks));
  CHECK(tasks == 0);
  CHECK(holds_f32(sum, twos, 2, 0));
  CHECK_OK(rlx_mlx_eval(list, 2));
  CHECK_OK(rlx_mlx_eval(NULL, 0));
  CHECK_OK(rlx_mlx_stream_enter(NULL));
  list[1] = NULL;
  CHECK_FAILS(rlx_mlx_eval, RLX_MLX_ERR_NULL, rlx_mlx_eval(list, 2));
  CHECK_FAILS(rlx_mlx_async_eval, RLX_MLX_ERR_NULL, rlx_mlx_async_eval(NULL, 1));
  CHECK_FAILS(rlx_mlx_stream_synchronize, RLX_MLX_ERR_NULL, rlx_mlx_stream_synchronize(NULL));
  CHECK_FAILS(rlx_mlx_active_tasks, RLX_MLX_ERR_NULL, rlx_mlx_active_tasks(NULL));
  /* rlx_mlx_stream_enter and rlx_mlx_synchronize refuse nothing. */

  rlx_mlx_array_free(sum);
  rlx_mlx_array_free(a);
  rlx_mlx_stream_free(stream);
  rlx_mlx_stream_free(NULL);
}
