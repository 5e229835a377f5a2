/* Host callbacks: values, several outputs, errors at evaluation, the release of `ud`. */
#include "check.h"

/* What the functions below get as `ud`. */
struct context {
  int calls;
  int released;
  const char* fail_with;
};

static void release(void* ud) {
  ++((struct context*)ud)->released;
}

/* Outputs: the sum over both inputs of each element (f32), and the number of elements (i32 scalar). */
static int add_and_count(void* ud, const rlx_mlx_view_t* inputs, size_t n_inputs, const rlx_mlx_view_mut_t* outputs,
                         size_t n_outputs) {
  struct context* context = ud;
  const float* a = inputs[0].data;
  const float* b = inputs[1].data;
  size_t i, n = inputs[0].nbytes / sizeof(float);
  ++context->calls;
  if (context->fail_with) {
    rlx_mlx_set_last_error(context->fail_with);
    return 1;
  }
  if (n_inputs != 2 || n_outputs != 2 || inputs[0].dtype != RLX_MLX_DTYPE_F32 || inputs[0].ndim != 2 ||
      inputs[0].shape[0] != 3 || inputs[0].shape[1] != 2 || outputs[0].nbytes != inputs[0].nbytes ||
      outputs[1].dtype != RLX_MLX_DTYPE_I32 || outputs[1].ndim != 0 || outputs[1].nbytes != 4) {
    rlx_mlx_set_last_error("unexpected views");
    return 1;
  }
  for (i = 0; i < n; ++i) {
    ((float*)outputs[0].data)[i] = a[i] + b[i];
  }
  *(int32_t*)outputs[1].data = (int32_t)n;
  return 0;
}

static int fails_silently(void* ud, const rlx_mlx_view_t* inputs, size_t n_inputs, const rlx_mlx_view_mut_t* outputs,
                          size_t n_outputs) {
  (void)ud, (void)inputs, (void)n_inputs, (void)outputs, (void)n_outputs;
  return 7;
}

static int gives_zero(void* ud, const rlx_mlx_view_t* inputs, size_t n_inputs, const rlx_mlx_view_mut_t* outputs,
                      size_t n_outputs) {
  (void)ud, (void)inputs, (void)n_inputs, (void)n_outputs;
  *(float*)outputs[0].data = 0;
  return 0;
}

/* An operand whose elements would have to be copied, and no memory for that: the failure says so from the stream's thread,
 * and the next evaluation works. */
static void without_memory(void) {
  const float data[1024] = {0}, zero = 0;
  const int swap[2] = {1, 0};
  const int* shape = NULL;
  const size_t rank = 0;
  const rlx_mlx_dtype_t dtype = RLX_MLX_DTYPE_F32;
  size_t limit = 0;
  rlx_mlx_array_t *rows = make_f32(data, 32, 32), *turned = NULL, *out = NULL;
  CHECK_OK(rlx_mlx_op_transpose(rows, swap, 2, &turned));
  CHECK_OK(rlx_mlx_eval(&turned, 1));
  CHECK_OK(
      rlx_mlx_op_host_callback(gives_zero, NULL, NULL, RLX_MLX_ROWS_MIXED, &turned, 1, &shape, &rank, &dtype, 1, &out));
  CHECK_OK(rlx_mlx_memory_set_limit(1000, &limit));
  CHECK_FAILS(rlx_mlx_eval, RLX_MLX_ERR_MEMORY, rlx_mlx_eval(&out, 1));
  CHECK(strstr(rlx_mlx_last_error(), "4096 bytes exceed the memory limit of 1000") != NULL);
  CHECK_OK(rlx_mlx_memory_set_limit(limit, NULL));
  rlx_mlx_array_free(out);
  CHECK_OK(
      rlx_mlx_op_host_callback(gives_zero, NULL, NULL, RLX_MLX_ROWS_MIXED, &turned, 1, &shape, &rank, &dtype, 1, &out));
  CHECK(holds_f32(out, &zero, 1, 0));
  rlx_mlx_array_free(out);
  rlx_mlx_array_free(turned);
  rlx_mlx_array_free(rows);
}

void test_callback(void) {
  const float data[6] = {0, 1, 2, 3, 4, 5};
  const float tens[6] = {0, 10, 20, 30, 40, 50};
  /* data transposed to [3, 2], plus tens */
  const float sums[6] = {0, 13, 21, 34, 42, 55};
  const int32_t six = 6;
  const int swap[2] = {1, 0}, wide[2] = {3, 2}, bad[1] = {-1};
  const int* shapes[2];
  const int* bad_shapes[1];
  const size_t ranks[2] = {2, 0}, rank_one[1] = {1};
  const rlx_mlx_dtype_t dtypes[2] = {RLX_MLX_DTYPE_F32, RLX_MLX_DTYPE_I32};
  const rlx_mlx_dtype_t bad_dtype[1] = {(rlx_mlx_dtype_t)99};
  struct context context = {0, 0, NULL};
  rlx_mlx_array_t* inputs[2];
  rlx_mlx_array_t* outs[2] = {NULL, NULL};
  rlx_mlx_array_t* rows = make_f32(data, 2, 3);
  shapes[0] = wide;
  shapes[1] = NULL;
  bad_shapes[0] = bad;

  /* A view as an input arrives dense, in the order of its axes. */
  CHECK_OK(rlx_mlx_op_transpose(rows, swap, 2, &inputs[0]));
  inputs[1] = make_f32(tens, 3, 2);
  CHECK_OK(rlx_mlx_op_host_callback(add_and_count, &context, release, RLX_MLX_ROWS_MIXED, inputs, 2, shapes, ranks,
                                    dtypes, 2, outs));
  CHECK(context.calls == 0);
  CHECK(holds_f32(outs[0], sums, 6, 0));
  CHECK(holds_bytes(outs[1], &six, 4));
  /* Evaluated arrays hold their data only, so the node is gone. */
  CHECK(context.calls == 1 && context.released == 1);
  rlx_mlx_array_free(outs[0]);
  rlx_mlx_array_free(outs[1]);

  /* A failure of the function is the evaluation's, with its text, and does not stay. */
  context.fail_with = "the host says no";
  CHECK_OK(rlx_mlx_op_host_callback(add_and_count, &context, NULL, RLX_MLX_ROWS_MIXED, inputs, 2, shapes, ranks, dtypes,
                                    2, outs));
  CHECK_FAILS(rlx_mlx_eval, RLX_MLX_ERR_GENERIC, rlx_mlx_eval(outs, 2));
  CHECK(strstr(rlx_mlx_last_error(), "the host says no") != NULL);
  rlx_mlx_array_free(outs[0]);
  rlx_mlx_array_free(outs[1]);
  CHECK_OK(rlx_mlx_op_host_callback(fails_silently, NULL, NULL, RLX_MLX_ROWS_MIXED, NULL, 0, shapes, ranks, dtypes, 1,
                                    outs));
  CHECK_FAILS(rlx_mlx_eval, RLX_MLX_ERR_GENERIC, rlx_mlx_eval(outs, 1));
  rlx_mlx_array_free(outs[0]);
  context.fail_with = NULL;
  CHECK_OK(rlx_mlx_op_host_callback(add_and_count, &context, NULL, RLX_MLX_ROWS_MIXED, inputs, 2, shapes, ranks, dtypes,
                                    2, outs));
  CHECK_OK(rlx_mlx_eval(outs, 2));
  CHECK(holds_f32(outs[0], sums, 6, 0));
  rlx_mlx_array_free(outs[0]);
  rlx_mlx_array_free(outs[1]);

  /* A node that is never evaluated releases with its last handle. */
  context.released = 0;
  CHECK_OK(rlx_mlx_op_host_callback(add_and_count, &context, release, RLX_MLX_ROWS_MIXED, inputs, 2, shapes, ranks,
                                    dtypes, 2, outs));
  CHECK_OK(rlx_mlx_host_callback_may_overwrite(outs[0], 1));
  CHECK_FAILS(rlx_mlx_host_callback_may_overwrite, RLX_MLX_ERR_GENERIC,
              rlx_mlx_host_callback_may_overwrite(outs[0], 2));
  CHECK_FAILS(rlx_mlx_host_callback_may_overwrite, RLX_MLX_ERR_GENERIC,
              rlx_mlx_host_callback_may_overwrite(inputs[1], 0));
  CHECK_FAILS(rlx_mlx_host_callback_may_overwrite, RLX_MLX_ERR_NULL, rlx_mlx_host_callback_may_overwrite(NULL, 0));
  rlx_mlx_array_free(outs[0]);
  CHECK(context.released == 0);
  rlx_mlx_array_free(outs[1]);
  CHECK(context.released == 1);

  /* Refused calls release as well. */
  context.released = 0;
#define REFUSED(code, call)                                         \
  do {                                                              \
    CHECK_FAILS_OUT(rlx_mlx_op_host_callback, code, outs[0], call); \
    CHECK(context.released == 1);                                   \
    context.released = 0;                                           \
  } while (0)
  REFUSED(RLX_MLX_ERR_NULL, rlx_mlx_op_host_callback(NULL, &context, release, RLX_MLX_ROWS_MIXED, inputs, 2, shapes,
                                                     ranks, dtypes, 2, outs));
  REFUSED(RLX_MLX_ERR_NULL, rlx_mlx_op_host_callback(add_and_count, &context, release, RLX_MLX_ROWS_MIXED, NULL, 2,
                                                     shapes, ranks, dtypes, 2, outs));
  REFUSED(RLX_MLX_ERR_NULL, rlx_mlx_op_host_callback(add_and_count, &context, release, RLX_MLX_ROWS_MIXED, inputs, 2,
                                                     NULL, ranks, dtypes, 2, outs));
  REFUSED(RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_op_host_callback(add_and_count, &context, release, RLX_MLX_ROWS_MIXED, inputs,
                                                          2, bad_shapes, rank_one, dtypes, 1, outs));
  REFUSED(RLX_MLX_ERR_BAD_DTYPE, rlx_mlx_op_host_callback(add_and_count, &context, release, RLX_MLX_ROWS_MIXED, inputs,
                                                          2, shapes, ranks, bad_dtype, 1, outs));
#undef REFUSED
  CHECK_FAILS(rlx_mlx_op_host_callback, RLX_MLX_ERR_NULL,
              rlx_mlx_op_host_callback(add_and_count, &context, release, RLX_MLX_ROWS_MIXED, inputs, 2, shapes, ranks,
                                       dtypes, 2, NULL));
  CHECK_FAILS(rlx_mlx_op_host_callback, RLX_MLX_ERR_BAD_SHAPE,
              rlx_mlx_op_host_callback(add_and_count, &context, release, RLX_MLX_ROWS_MIXED, inputs, 2, shapes, ranks,
                                       dtypes, 0, outs));
  CHECK(context.released == 2);

  rlx_mlx_array_free(rows);
  rlx_mlx_array_free(inputs[0]);
  rlx_mlx_array_free(inputs[1]);
  without_memory();
}
