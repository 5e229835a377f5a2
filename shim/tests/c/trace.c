/* Functions traced at once. */
#include "check.h"

/* The sum and the product of two arrays; `ud` counts the calls. */
static int sum_and_product(void* ud, rlx_mlx_array_t* const* inputs, size_t n_inputs, rlx_mlx_array_t** out_outputs,
                           size_t cap, size_t* out_n_outputs) {
  ++*(int*)ud;
  if (n_inputs != 2 || cap != 2) {
    rlx_mlx_set_last_error("two inputs and two outputs expected");
    return 1;
  }
  *out_n_outputs = 2;
  return rlx_mlx_op_add(inputs[0], inputs[1], &out_outputs[0]) || rlx_mlx_op_mul(inputs[0], inputs[1], &out_outputs[1]);
}

static int gives_none(void* ud, rlx_mlx_array_t* const* inputs, size_t n_inputs, rlx_mlx_array_t** out_outputs,
                      size_t cap, size_t* out_n_outputs) {
  (void)ud, (void)inputs, (void)n_inputs, (void)out_outputs, (void)cap;
  *out_n_outputs = 0;
  return 0;
}

void test_trace(void) {
  const float a[3] = {1, 2, 3}, b[3] = {4, 5, 6}, sum[3] = {5, 7, 9}, product[3] = {4, 10, 18};
  const float c[3] = {0, 0, 1}, sum_c[3] = {4, 5, 7};
  int calls = 0;
  size_t size = 0;
  rlx_mlx_trace_t* trace = NULL;
  rlx_mlx_array_t *inputs[2], *other[2], *outs[2] = {NULL, NULL};
  inputs[0] = make_f32(a, 3, 0);
  inputs[1] = make_f32(b, 3, 0);

  CHECK_OK(rlx_mlx_trace(sum_and_product, &calls, inputs, 2, 2, &trace));
  CHECK(calls == 1);
  CHECK_OK(rlx_mlx_trace_size(trace, &size));
  CHECK(size == 2);
  CHECK_OK(rlx_mlx_trace_call(trace, inputs, 2, outs, 2));
  CHECK(holds_f32(outs[0], sum, 3, 0));
  CHECK(holds_f32(outs[1], product, 3, 0));
  rlx_mlx_array_free(outs[0]);
  rlx_mlx_array_free(outs[1]);
  other[0] = make_f32(c, 3, 0);
  other[1] = inputs[1];
  CHECK_OK(rlx_mlx_trace_call(trace, other, 2, outs, 2));
  CHECK(holds_f32(outs[0], sum_c, 3, 0));
  CHECK(calls == 1);
  rlx_mlx_array_free(outs[0]);
  rlx_mlx_array_free(outs[1]);
  rlx_mlx_array_free(other[0]);

  CHECK_FAILS_OUT(rlx_mlx_trace_call, RLX_MLX_ERR_BAD_SHAPE, outs[0], rlx_mlx_trace_call(trace, inputs, 1, outs, 2));
  CHECK_FAILS_OUT(rlx_mlx_trace_call, RLX_MLX_ERR_BAD_SHAPE, outs[0], rlx_mlx_trace_call(trace, inputs, 2, outs, 1));
  CHECK_FAILS_OUT(rlx_mlx_trace_call, RLX_MLX_ERR_NULL, outs[0], rlx_mlx_trace_call(NULL, inputs, 2, outs, 2));
  CHECK_FAILS(rlx_mlx_trace_call, RLX_MLX_ERR_NULL, rlx_mlx_trace_call(trace, inputs, 2, NULL, 2));
  other[0] = make_f32(a, 2, 0);
  CHECK_FAILS_OUT(rlx_mlx_trace_call, RLX_MLX_ERR_BAD_SHAPE, outs[0], rlx_mlx_trace_call(trace, other, 2, outs, 2));
  rlx_mlx_array_free(other[0]);
  other[0] = NULL;
  CHECK_FAILS_OUT(rlx_mlx_trace_call, RLX_MLX_ERR_NULL, outs[0], rlx_mlx_trace_call(trace, other, 2, outs, 2));
  CHECK_FAILS(rlx_mlx_trace_size, RLX_MLX_ERR_NULL, rlx_mlx_trace_size(NULL, &size));
  CHECK_FAILS(rlx_mlx_trace_size, RLX_MLX_ERR_NULL, rlx_mlx_trace_size(trace, NULL));
  rlx_mlx_trace_free(trace);
  rlx_mlx_trace_free(NULL);

  CHECK_FAILS_OUT(rlx_mlx_trace, RLX_MLX_ERR_NULL, trace, rlx_mlx_trace(NULL, NULL, inputs, 2, 2, &trace));
  CHECK_FAILS(rlx_mlx_trace, RLX_MLX_ERR_NULL, rlx_mlx_trace(sum_and_product, &calls, inputs, 2, 2, NULL));
  CHECK_FAILS_OUT(rlx_mlx_trace, RLX_MLX_ERR_NULL, trace, rlx_mlx_trace(sum_and_product, &calls, NULL, 2, 2, &trace));
  CHECK_FAILS_OUT(rlx_mlx_trace, RLX_MLX_ERR_GENERIC, trace, rlx_mlx_trace(gives_none, NULL, inputs, 2, 1, &trace));
  /* The function's own text arrives. */
  CHECK_FAILS_OUT(rlx_mlx_trace, RLX_MLX_ERR_GENERIC, trace,
                  rlx_mlx_trace(sum_and_product, &calls, inputs, 1, 2, &trace));
  CHECK(strstr(rlx_mlx_last_error(), "two inputs and two outputs expected") != NULL);

  rlx_mlx_array_free(inputs[0]);
  rlx_mlx_array_free(inputs[1]);
}
