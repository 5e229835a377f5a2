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

/* Says that it gives one output more than there is room for, or with a `ud` none. */
static int miscounts(void* ud, rlx_mlx_array_t* const* inputs, size_t n_inputs, rlx_mlx_array_t** out_outputs,
                     size_t cap, size_t* out_n_outputs) {
  (void)inputs, (void)n_inputs, (void)out_outputs;
  *out_n_outputs = ud ? 0 : cap + 1;
  return 0;
}

/* `x + (1 + 2)`, and a view of `x` with its axes turned. */
static int with_constants(void* ud, rlx_mlx_array_t* const* inputs, size_t n_inputs, rlx_mlx_array_t** out_outputs,
                          size_t cap, size_t* out_n_outputs) {
  const int perm[] = {1, 0};
  rlx_mlx_array_t *one = NULL, *two = NULL, *three = NULL;
  int failed;
  (void)ud, (void)n_inputs, (void)cap;
  *out_n_outputs = 2;
  failed = rlx_mlx_array_scalar(1, RLX_MLX_DTYPE_F32, &one) || rlx_mlx_array_scalar(2, RLX_MLX_DTYPE_F32, &two) ||
           rlx_mlx_op_add(one, two, &three) || rlx_mlx_op_add(inputs[0], three, &out_outputs[0]) ||
           rlx_mlx_op_transpose(inputs[0], perm, 2, &out_outputs[1]);
  rlx_mlx_array_free(one);
  rlx_mlx_array_free(two);
  rlx_mlx_array_free(three);
  return failed;
}

/* Large enough to be lent. */
enum { LENT_ROWS = 160, LENT_COLUMNS = 128, LENT = LENT_ROWS * LENT_COLUMNS };

/* Memory that the caller lends for a run: outputs that are views of it are copied, so that they outlive it. */
static void lending(void) {
  float* x = malloc(LENT * sizeof(float));
  float* sum = malloc(LENT * sizeof(float));
  float* turned = malloc(LENT * sizeof(float));
  rlx_mlx_trace_t* trace = NULL;
  rlx_mlx_array_t *input = NULL, *outs[2] = {NULL, NULL};
  rlx_mlx_source_t source = {NULL, NULL, 0};
  rlx_mlx_sink_t sinks[2];
  int row, column;
  CHECK(x && sum && turned);
  for (row = 0; row < LENT_ROWS; ++row) {
    for (column = 0; column < LENT_COLUMNS; ++column) {
      const float value = (float)(row * LENT_COLUMNS + column);
      x[row * LENT_COLUMNS + column] = turned[column * LENT_ROWS + row] = value;
      sum[row * LENT_COLUMNS + column] = value + 3;
    }
  }
  input = make_f32(x, LENT_ROWS, LENT_COLUMNS);
  memset(sinks, 0, sizeof(sinks));
  source.data = x;
  source.nbytes = LENT * sizeof(float);
  CHECK_OK(rlx_mlx_trace(with_constants, NULL, &input, 1, 2, &trace));
  CHECK_OK(rlx_mlx_trace_run(trace, &source, 1, sinks, outs, 2));
  /* Nothing was written there, and it is not needed any more. */
  CHECK(x[0] == 0 && x[LENT - 1] == LENT - 1);
  free(x);
  CHECK(holds_f32(outs[0], sum, LENT, 0));
  CHECK(holds_f32(outs[1], turned, LENT, 0));
  rlx_mlx_array_free(outs[0]);
  rlx_mlx_array_free(outs[1]);
  rlx_mlx_array_free(input);
  rlx_mlx_trace_free(trace);
  free(sum);
  free(turned);
}

/* Of two inputs: their sum, then twice the second. */
static int sum_and_twice(void* ud, rlx_mlx_array_t* const* inputs, size_t n_inputs, rlx_mlx_array_t** outs, size_t cap,
                         size_t* out_n_outputs) {
  rlx_mlx_array_t* twice = NULL;
  (void)ud;
  if (n_inputs != 2 || cap < 2 || rlx_mlx_op_add(inputs[1], inputs[1], &twice) != RLX_MLX_OK) {
    return 1;
  }
  *out_n_outputs = 2;
  outs[1] = twice;
  return rlx_mlx_op_add(inputs[0], twice, &outs[0]) != RLX_MLX_OK;
}

static void splitting(void) {
  const float x[2] = {1, 2}, w[2] = {10, 20}, twice[2] = {20, 40}, sum[2] = {21, 42};
  unsigned char reads[3] = {9, 9, 9};
  size_t size = 0;
  rlx_mlx_trace_t *trace = NULL, *off = NULL;
  rlx_mlx_array_t *arrays[3] = {make_f32(x, 1, 2), make_f32(w, 1, 2), NULL}, *out = NULL;
  /* There is room for more outputs than there are. */
  CHECK_OK(rlx_mlx_trace(sum_and_twice, NULL, arrays, 2, 5, &trace));
  CHECK_FAILS_OUT(rlx_mlx_trace_split, RLX_MLX_ERR_BAD_SHAPE, off, rlx_mlx_trace_split(trace, 3, reads, 0, &off));
  CHECK_FAILS_OUT(rlx_mlx_trace_split, RLX_MLX_ERR_BAD_SHAPE, off, rlx_mlx_trace_split(trace, 1, reads, 2, &off));
  CHECK_FAILS_OUT(rlx_mlx_trace_split, RLX_MLX_ERR_NULL, off, rlx_mlx_trace_split(trace, 1, NULL, 1, &off));
  CHECK_FAILS(rlx_mlx_trace_split, RLX_MLX_ERR_NULL, rlx_mlx_trace_split(trace, 1, reads, 1, NULL));
  CHECK_OK(rlx_mlx_trace_split(trace, 1, reads, 1, &off));
  CHECK(reads[0] == 1 && reads[1] == 9);
  CHECK_OK(rlx_mlx_trace_size(trace, &size));
  CHECK(size == 1);
  CHECK_OK(rlx_mlx_trace_size(off, &size));
  CHECK(size == 1);
  CHECK_OK(rlx_mlx_trace_reads(off, 0, 1, reads, 2));
  CHECK(reads[0] == 0 && reads[1] == 1 && reads[2] == 9);
  CHECK_OK(rlx_mlx_trace_reads(trace, 0, 1, reads, 3));
  CHECK(reads[0] == 1 && reads[1] == 0 && reads[2] == 1);
  CHECK_OK(rlx_mlx_trace_reads(trace, 1, 0, reads, 3));
  CHECK(reads[0] == 0 && reads[1] == 0 && reads[2] == 0);
  CHECK_FAILS(rlx_mlx_trace_reads, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_trace_reads(trace, 0, 2, reads, 3));
  CHECK_FAILS(rlx_mlx_trace_reads, RLX_MLX_ERR_BAD_SHAPE, rlx_mlx_trace_reads(trace, 0, 1, reads, 2));
  CHECK_FAILS(rlx_mlx_trace_reads, RLX_MLX_ERR_NULL, rlx_mlx_trace_reads(trace, 0, 1, NULL, 3));
  CHECK_OK(rlx_mlx_trace_call(off, arrays, 2, &arrays[2], 1));
  CHECK(holds_f32(arrays[2], twice, 2, 0));
  CHECK_OK(rlx_mlx_trace_call(trace, arrays, 3, &out, 1));
  CHECK(holds_f32(out, sum, 2, 0));
  rlx_mlx_array_free(out);
  rlx_mlx_array_free(arrays[0]);
  rlx_mlx_array_free(arrays[1]);
  rlx_mlx_array_free(arrays[2]);
  rlx_mlx_trace_free(off);
  rlx_mlx_trace_free(trace);
}

static void running(void) {
  const float x[6] = {1, 2, 3, 4, 5, 6}, sum[6] = {4, 5, 6, 7, 8, 9}, turned[6] = {1, 4, 2, 5, 3, 6};
  float found[2][6];
  size_t before = 0, after = 0, largest = 0;
  rlx_mlx_trace_t* trace = NULL;
  rlx_mlx_array_t *input = make_f32(x, 2, 3), *outs[2] = {NULL, NULL};
  rlx_mlx_source_t from_host = {NULL, NULL, 0}, from_array = {NULL, NULL, 0};
  rlx_mlx_sink_t sinks[2];
  from_host.data = x;
  from_host.nbytes = sizeof(x);
  from_array.array = input;
  sinks[0].data = found[0];
  sinks[1].data = found[1];
  sinks[0].nbytes = sinks[1].nbytes = sizeof(x);
  sinks[0].only = sinks[1].only = 0;

  CHECK_OK(rlx_mlx_trace(with_constants, NULL, &input, 1, 2, &trace));
  CHECK_OK(rlx_mlx_trace_size(trace, &before));
  CHECK_OK(rlx_mlx_trace_fold(trace));
  CHECK_OK(rlx_mlx_trace_size(trace, &after));
  /* The sum of the constants is computed, once. */
  CHECK(before > 2 && after == 2);
  CHECK_OK(rlx_mlx_trace_fold(trace));
  CHECK_OK(rlx_mlx_trace_largest(trace, &largest));
  CHECK(largest == sizeof(x));

  /* From host memory and back, a view with strides among the outputs. */
  CHECK_OK(rlx_mlx_trace_run(trace, &from_host, 1, sinks, outs, 2));
  CHECK(memcmp(found[0], sum, sizeof(sum)) == 0);
  CHECK(memcmp(found[1], turned, sizeof(turned)) == 0);
  CHECK(holds_f32(outs[0], sum, 6, 0));
  CHECK(holds_f32(outs[1], turned, 6, 0));
  rlx_mlx_array_free(outs[0]);
  rlx_mlx_array_free(outs[1]);
  /* From an array; only one output is written. */
  memset(found, 0, sizeof(found));
  sinks[1].data = NULL;
  CHECK_OK(rlx_mlx_trace_run(trace, &from_array, 1, sinks, outs, 2));
  CHECK(memcmp(found[0], sum, sizeof(sum)) == 0 && found[1][0] == 0);
  CHECK(holds_f32(outs[1], turned, 6, 0));
  rlx_mlx_array_free(outs[0]);
  rlx_mlx_array_free(outs[1]);
  /* One goes nowhere but into host memory. */
  memset(found, 0, sizeof(found));
  sinks[0].only = 1;
  CHECK_OK(rlx_mlx_trace_run(trace, &from_host, 1, sinks, outs, 2));
  CHECK(memcmp(found[0], sum, sizeof(sum)) == 0 && !outs[0]);
  CHECK(holds_f32(outs[1], turned, 6, 0));
  rlx_mlx_array_free(outs[1]);
  sinks[0].only = 0;
  CHECK_OK(rlx_mlx_trace_start(trace, &from_host, 1, outs, 2));
  CHECK(holds_f32(outs[0], sum, 6, 0));
  rlx_mlx_array_free(outs[0]);
  rlx_mlx_array_free(outs[1]);

  CHECK_FAILS_OUT(rlx_mlx_trace_run, RLX_MLX_ERR_NULL, outs[0], rlx_mlx_trace_run(NULL, &from_host, 1, sinks, outs, 2));
  CHECK_FAILS_OUT(rlx_mlx_trace_run, RLX_MLX_ERR_NULL, outs[0], rlx_mlx_trace_run(trace, NULL, 1, sinks, outs, 2));
  CHECK_FAILS_OUT(rlx_mlx_trace_run, RLX_MLX_ERR_NULL, outs[0], rlx_mlx_trace_run(trace, &from_host, 1, NULL, outs, 2));
  CHECK_FAILS(rlx_mlx_trace_run, RLX_MLX_ERR_NULL, rlx_mlx_trace_run(trace, &from_host, 1, sinks, NULL, 2));
  CHECK_FAILS_OUT(rlx_mlx_trace_run, RLX_MLX_ERR_BAD_SHAPE, outs[0],
                  rlx_mlx_trace_run(trace, &from_host, 1, sinks, outs, 1));
  sinks[0].nbytes = 4;
  CHECK_FAILS_OUT(rlx_mlx_trace_run, RLX_MLX_ERR_BAD_SHAPE, outs[0],
                  rlx_mlx_trace_run(trace, &from_host, 1, sinks, outs, 2));
  from_host.nbytes = 4;
  CHECK_FAILS_OUT(rlx_mlx_trace_start, RLX_MLX_ERR_BAD_SHAPE, outs[0],
                  rlx_mlx_trace_start(trace, &from_host, 1, outs, 2));
  CHECK_FAILS(rlx_mlx_trace_fold, RLX_MLX_ERR_NULL, rlx_mlx_trace_fold(NULL));
  CHECK_FAILS(rlx_mlx_trace_largest, RLX_MLX_ERR_NULL, rlx_mlx_trace_largest(NULL, &largest));
  CHECK_FAILS(rlx_mlx_trace_largest, RLX_MLX_ERR_NULL, rlx_mlx_trace_largest(trace, NULL));
  rlx_mlx_trace_free(trace);
  rlx_mlx_array_free(input);
}

/* `x + x`, of a size that takes more than one byte to tell. */
static int twice(void* ud, rlx_mlx_array_t* const* inputs, size_t n_inputs, rlx_mlx_array_t** out_outputs, size_t cap,
                 size_t* out_n_outputs) {
  (void)ud, (void)n_inputs, (void)cap;
  *out_n_outputs = 1;
  return rlx_mlx_op_add(inputs[0], inputs[0], out_outputs);
}

static void sizes(void) {
  const int shape[] = {70000, 70000};
  size_t largest = 0;
  rlx_mlx_trace_t* trace = NULL;
  rlx_mlx_array_t* input = NULL;
  CHECK_OK(rlx_mlx_array_placeholder(shape, 2, RLX_MLX_DTYPE_F32, &input));
  CHECK_OK(rlx_mlx_trace(twice, NULL, &input, 1, 1, &trace));
  CHECK_OK(rlx_mlx_trace_largest(trace, &largest));
  CHECK(largest == (size_t)70000 * 70000 * 4);
  rlx_mlx_trace_free(trace);
  rlx_mlx_array_free(input);
}

/* `(x + 1) * (x + 1)`, with a scalar and a sum for each side. */
static int same_twice(void* ud, rlx_mlx_array_t* const* inputs, size_t n_inputs, rlx_mlx_array_t** out_outputs,
                      size_t cap, size_t* out_n_outputs) {
  rlx_mlx_array_t *one[2] = {NULL, NULL}, *sum[2] = {NULL, NULL};
  int i, failed = 0;
  (void)ud, (void)n_inputs, (void)cap;
  *out_n_outputs = 1;
  for (i = 0; i < 2; ++i) {
    failed |= rlx_mlx_array_scalar(1, RLX_MLX_DTYPE_F32, &one[i]) || rlx_mlx_op_add(inputs[0], one[i], &sum[i]);
  }
  failed |= rlx_mlx_op_mul(sum[0], sum[1], out_outputs);
  for (i = 0; i < 2; ++i) {
    rlx_mlx_array_free(one[i]);
    rlx_mlx_array_free(sum[i]);
  }
  return failed;
}

/* What is computed twice is computed once. */
static void merging(void) {
  const float x[2] = {1, 2}, squares[2] = {4, 9};
  size_t size = 0;
  rlx_mlx_trace_t* trace = NULL;
  rlx_mlx_array_t *input = make_f32(x, 2, 0), *out = NULL;
  CHECK_OK(rlx_mlx_trace(same_twice, NULL, &input, 1, 1, &trace));
  CHECK_OK(rlx_mlx_trace_fold(trace));
  CHECK_OK(rlx_mlx_trace_size(trace, &size));
  CHECK(size == 2);
  CHECK_OK(rlx_mlx_trace_call(trace, &input, 1, &out, 1));
  CHECK(holds_f32(out, squares, 2, 0));
  rlx_mlx_array_free(out);
  rlx_mlx_trace_free(trace);
  rlx_mlx_array_free(input);
}

static int fails_when_run(void* ud, const rlx_mlx_view_t* inputs, size_t n_inputs, const rlx_mlx_view_mut_t* outputs,
                          size_t n_outputs) {
  (void)ud, (void)inputs, (void)n_inputs, (void)n_outputs;
  if (((const float*)inputs[0].data)[0] < 0) {
    rlx_mlx_set_last_error("a negative value");
    return 1;
  }
  memcpy(outputs[0].data, inputs[0].data, inputs[0].nbytes);
  return 0;
}

/* The callback alone, or, for `ud`, between ops: `c + c` with `c` the callback of `x + x`. */
static int with_callback(void* ud, rlx_mlx_array_t* const* inputs, size_t n_inputs, rlx_mlx_array_t** out_outputs,
                         size_t cap, size_t* out_n_outputs) {
  const int three = 3;
  const int* shape = &three;
  const size_t rank = 1;
  const rlx_mlx_dtype_t dtype = RLX_MLX_DTYPE_F32;
  rlx_mlx_array_t *twice_x = NULL, *copied = NULL;
  int failed;
  (void)n_inputs, (void)cap;
  *out_n_outputs = 1;
  if (!ud) {
    return rlx_mlx_op_host_callback(fails_when_run, NULL, NULL, RLX_MLX_ROWS_MIXED, inputs, 1, &shape, &rank, &dtype, 1,
                                    out_outputs);
  }
  failed = rlx_mlx_op_add(inputs[0], inputs[0], &twice_x) ||
           rlx_mlx_op_host_callback(fails_when_run, NULL, NULL, RLX_MLX_ROWS_MIXED, &twice_x, 1, &shape, &rank, &dtype,
                                    1, &copied) ||
           rlx_mlx_op_add(copied, copied, out_outputs);
  rlx_mlx_array_free(twice_x);
  rlx_mlx_array_free(copied);
  return failed;
}

/* A run that fails, in the evaluation if `between`: its text arrives, and the trace can be run again on the same stream. */
static void failing(int between) {
  const float good[3] = {1, 2, 3}, four_times[3] = {4, 8, 12}, bad[3] = {-1, 2, 3};
  float found[3];
  int i = 0;
  rlx_mlx_stream_t* stream = NULL;
  rlx_mlx_trace_t* trace = NULL;
  rlx_mlx_array_t *input = make_f32(good, 3, 0), *out = NULL;
  rlx_mlx_source_t source = {NULL, NULL, 0};
  rlx_mlx_sink_t sink = {NULL, 0, 0};
  source.nbytes = sizeof(good);
  sink.data = found;
  sink.nbytes = sizeof(found);
  CHECK_OK(rlx_mlx_stream_new(RLX_MLX_DEVICE_CPU, &stream));
  CHECK_OK(rlx_mlx_stream_enter(stream));
  CHECK_OK(rlx_mlx_trace(with_callback, between ? &between : NULL, &input, 1, 1, &trace));
  source.data = bad;
  CHECK_FAILS_OUT(rlx_mlx_trace_run, RLX_MLX_ERR_GENERIC, out, rlx_mlx_trace_run(trace, &source, 1, &sink, &out, 1));
  CHECK(strstr(rlx_mlx_last_error(), "a negative value") != NULL);
  CHECK_OK(rlx_mlx_stream_synchronize(stream));
  CHECK_OK(rlx_mlx_trace_start(trace, &source, 1, &out, 1));
  CHECK_FAILS(rlx_mlx_stream_synchronize, RLX_MLX_ERR_GENERIC, rlx_mlx_stream_synchronize(stream));
  rlx_mlx_array_free(out);
  /* Each is told once, and MLX would wait for ever if they piled up. */
  for (i = 0; i < 300; ++i) {
    CHECK_FAILS_OUT(rlx_mlx_trace_run, RLX_MLX_ERR_GENERIC, out, rlx_mlx_trace_run(trace, &source, 1, &sink, &out, 1));
  }
  CHECK_OK(rlx_mlx_stream_synchronize(stream));
  source.data = good;
  CHECK_OK(rlx_mlx_trace_run(trace, &source, 1, &sink, &out, 1));
  CHECK(memcmp(found, between ? four_times : good, sizeof(good)) == 0);
  rlx_mlx_array_free(out);
  CHECK_OK(rlx_mlx_stream_enter(NULL));
  rlx_mlx_stream_free(stream);
  rlx_mlx_trace_free(trace);
  rlx_mlx_array_free(input);
}

#define LONG 200000
#define CHAIN 10

static int copies(void* ud, const rlx_mlx_view_t* inputs, size_t n_inputs, const rlx_mlx_view_mut_t* outputs,
                  size_t n_outputs) {
  (void)ud, (void)n_inputs, (void)n_outputs;
  memcpy(outputs[0].data, inputs[0].data, inputs[0].nbytes);
  return 0;
}

/* A chain of callbacks, for `ud` behind an op. */
static int chain(void* ud, rlx_mlx_array_t* const* inputs, size_t n_inputs, rlx_mlx_array_t** out_outputs, size_t cap,
                 size_t* out_n_outputs) {
  const int size = LONG;
  const int* shape = &size;
  const size_t rank = 1;
  const rlx_mlx_dtype_t dtype = RLX_MLX_DTYPE_F32;
  rlx_mlx_array_t *x = NULL, *next = NULL;
  int i, failed;
  (void)n_inputs, (void)cap;
  *out_n_outputs = 1;
  failed = ud ? rlx_mlx_op_add(inputs[0], inputs[0], &x) : rlx_mlx_array_clone(inputs[0], &x);
  for (i = 0; i < CHAIN && !failed; ++i) {
    failed = rlx_mlx_op_host_callback(copies, NULL, NULL, RLX_MLX_ROWS_MIXED, &x, 1, &shape, &rank, &dtype, 1, &next);
    rlx_mlx_array_free(x);
    x = next;
    next = NULL;
  }
  out_outputs[0] = x;
  return failed;
}

/* Of a chain of callbacks no more is in memory than one reads and gives, and what the caller has. */
static void releasing(int behind_an_op) {
  const int size = LONG;
  const size_t bytes = sizeof(float) * LONG;
  size_t before = 0, peak = 0;
  float* data = calloc(LONG, sizeof(float));
  rlx_mlx_trace_t* trace = NULL;
  rlx_mlx_array_t *input = make(RLX_MLX_DTYPE_F32, data, bytes, 1, &size), *out = NULL;
  rlx_mlx_source_t source = {NULL, NULL, 0};
  rlx_mlx_sink_t sink = {NULL, 0, 0};
  source.array = input;
  CHECK_OK(rlx_mlx_trace(chain, behind_an_op ? &behind_an_op : NULL, &input, 1, 1, &trace));
  CHECK_OK(rlx_mlx_memory_active(&before));
  CHECK_OK(rlx_mlx_memory_reset_peak());
  CHECK_OK(rlx_mlx_trace_run(trace, &source, 1, &sink, &out, 1));
  CHECK_OK(rlx_mlx_memory_peak(&peak));
  CHECK(peak >= before + bytes && peak < before + 3 * bytes);
  rlx_mlx_array_free(out);
  rlx_mlx_array_free(input);
  rlx_mlx_trace_free(trace);
  free(data);
}

/* A callback of a constant with its axes turned, which is made dense once. */
static int of_a_view(void* ud, rlx_mlx_array_t* const* inputs, size_t n_inputs, rlx_mlx_array_t** out_outputs,
                     size_t cap, size_t* out_n_outputs) {
  const int perm[] = {1, 0}, dims[] = {3, 2};
  const int* shape = dims;
  const size_t rank = 2;
  const rlx_mlx_dtype_t dtype = RLX_MLX_DTYPE_F32;
  rlx_mlx_array_t* turned = NULL;
  int failed;
  (void)inputs, (void)n_inputs, (void)cap;
  *out_n_outputs = 1;
  failed = rlx_mlx_op_transpose(ud, perm, 2, &turned) ||
           rlx_mlx_op_host_callback(copies, NULL, NULL, RLX_MLX_ROWS_MIXED, &turned, 1, &shape, &rank, &dtype, 1,
                                    out_outputs);
  rlx_mlx_array_free(turned);
  return failed;
}

static void folding_before_a_callback(void) {
  const float rows[6] = {1, 2, 3, 4, 5, 6}, turned[6] = {1, 4, 2, 5, 3, 6};
  float found[6];
  size_t size = 0;
  rlx_mlx_trace_t* trace = NULL;
  rlx_mlx_array_t *constant = make_f32(rows, 2, 3), *out = NULL;
  rlx_mlx_sink_t sink = {NULL, 0, 0};
  sink.data = found;
  sink.nbytes = sizeof(found);
  CHECK_OK(rlx_mlx_trace(of_a_view, constant, NULL, 0, 1, &trace));
  CHECK_OK(rlx_mlx_trace_fold(trace));
  CHECK_OK(rlx_mlx_trace_size(trace, &size));
  CHECK(size == 1);
  CHECK_OK(rlx_mlx_trace_run(trace, NULL, 0, &sink, &out, 1));
  CHECK(memcmp(found, turned, sizeof(turned)) == 0);
  rlx_mlx_array_free(out);
  rlx_mlx_trace_free(trace);
  rlx_mlx_array_free(constant);
}

/* `x w + b`, of which `b` has as many rows as `x`; then a sum over the rows of `x`, where `ud` is not NULL. */
static int product_and_sum(void* ud, rlx_mlx_array_t* const* inputs, size_t n_inputs, rlx_mlx_array_t** out_outputs,
                           size_t cap, size_t* out_n_outputs) {
  const float b[6] = {1, 2, 3, 4, 5, 6};
  const int rows = 0;
  rlx_mlx_array_t *product = NULL, *constant = make_f32(b, 3, 2);
  int failed;
  (void)n_inputs, (void)cap;
  *out_n_outputs = 2;
  failed = rlx_mlx_op_matmul(inputs[0], inputs[1], &product) || rlx_mlx_op_add(product, constant, &out_outputs[0]) ||
           (ud ? rlx_mlx_op_reduce(inputs[0], RLX_MLX_RED_SUM, &rows, 1, 0, &out_outputs[1])
               : rlx_mlx_op_mul(inputs[0], inputs[0], &out_outputs[1]));
  rlx_mlx_array_free(product);
  rlx_mlx_array_free(constant);
  return failed;
}

static void first_rows(void) {
  const float x[6] = {1, 2, 3, 4, 5, 6}, w[4] = {1, 0, 0, 2}, product[4] = {2, 6, 6, 12}, squares[4] = {1, 4, 9, 16};
  float found[2][6];
  unsigned char reads[2], gives[2];
  size_t i;
  int mixes = 1;
  rlx_mlx_trace_t *trace = NULL, *rows = NULL, *none = NULL;
  rlx_mlx_array_t *inputs[2], *outs[2] = {NULL, NULL};
  rlx_mlx_source_t sources[2] = {{NULL, NULL, 0}, {NULL, NULL, 0}};
  rlx_mlx_sink_t sinks[2];
  inputs[0] = make_f32(x, 3, 2);
  inputs[1] = make_f32(w, 2, 2);
  CHECK_OK(rlx_mlx_trace(product_and_sum, NULL, inputs, 2, 2, &trace));
  CHECK_OK(rlx_mlx_trace_first_rows(trace, 2, 2, 3, reads, 2, gives, 2, &rows));
  CHECK(rows != NULL && reads[0] == 1 && reads[1] == 0 && gives[0] == 1 && gives[1] == 1);

  /* A whole array, then the first rows in host memory. */
  CHECK_OK(rlx_mlx_trace_call(rows, inputs, 2, outs, 2));
  CHECK(holds_f32(outs[0], product, 4, 0) && holds_f32(outs[1], squares, 4, 0));
  rlx_mlx_array_free(outs[0]);
  rlx_mlx_array_free(outs[1]);
  sources[0].data = x;
  sources[0].nbytes = 4 * sizeof(float);
  sources[1].array = inputs[1];
  for (i = 0; i < 2; ++i) {
    sinks[i].data = found[i];
    sinks[i].nbytes = 4 * sizeof(float);
    sinks[i].only = 1;
  }
  CHECK_OK(rlx_mlx_trace_run(rows, sources, 2, sinks, outs, 2));
  CHECK(memcmp(found[0], product, sizeof(product)) == 0 && memcmp(found[1], squares, sizeof(squares)) == 0);
  sources[0].nbytes = sizeof(x);
  CHECK_FAILS_OUT(rlx_mlx_trace_run, RLX_MLX_ERR_BAD_SHAPE, outs[0],
                  rlx_mlx_trace_run(rows, sources, 2, sinks, outs, 2));

  /* The first output alone: what the other one needs besides is left out, and so is that output. */
  rlx_mlx_trace_free(rows);
  CHECK_OK(rlx_mlx_trace_first_rows(trace, 1, 1, 3, reads, 2, gives, 2, &rows));
  CHECK(gives[0] == 1 && gives[1] == 0);
  CHECK_OK(rlx_mlx_trace_call(rows, inputs, 2, outs, 1));
  CHECK(holds_f32(outs[0], product, 2, 0));
  rlx_mlx_array_free(outs[0]);
  /* The whole trace is as it was. */
  CHECK_OK(rlx_mlx_trace_call(trace, inputs, 2, outs, 2));
  CHECK(holds_f32(outs[1], (const float[]){1, 4, 9, 16, 25, 36}, 6, 0));
  rlx_mlx_array_free(outs[0]);
  rlx_mlx_array_free(outs[1]);

  /* No input has four rows, none of the first rows has rows of its own, and some counts cannot be. */
  CHECK_OK(rlx_mlx_trace_first_rows(trace, 2, 1, 4, reads, 2, gives, 2, &none));
  CHECK(none == NULL);
  CHECK_FAILS_OUT(rlx_mlx_trace_first_rows, RLX_MLX_ERR_BAD_SHAPE, none,
                  rlx_mlx_trace_first_rows(rows, 1, 1, 3, reads, 2, gives, 1, &none));
  CHECK_FAILS_OUT(rlx_mlx_trace_first_rows, RLX_MLX_ERR_BAD_SHAPE, none,
                  rlx_mlx_trace_first_rows(trace, 2, 4, 3, reads, 2, gives, 2, &none));
  CHECK_FAILS_OUT(rlx_mlx_trace_first_rows, RLX_MLX_ERR_BAD_SHAPE, none,
                  rlx_mlx_trace_first_rows(trace, 2, 0, 3, reads, 2, gives, 2, &none));
  CHECK_FAILS_OUT(rlx_mlx_trace_first_rows, RLX_MLX_ERR_BAD_SHAPE, none,
                  rlx_mlx_trace_first_rows(trace, 3, 2, 3, reads, 2, gives, 2, &none));
  CHECK_FAILS_OUT(rlx_mlx_trace_first_rows, RLX_MLX_ERR_BAD_SHAPE, none,
                  rlx_mlx_trace_first_rows(trace, 2, 2, 3, reads, 1, gives, 2, &none));
  CHECK_FAILS_OUT(rlx_mlx_trace_first_rows, RLX_MLX_ERR_NULL, none,
                  rlx_mlx_trace_first_rows(trace, 2, 2, 3, NULL, 2, gives, 2, &none));
  CHECK_FAILS_OUT(rlx_mlx_trace_first_rows, RLX_MLX_ERR_NULL, none,
                  rlx_mlx_trace_first_rows(trace, 2, 2, 3, reads, 2, NULL, 2, &none));
  CHECK_FAILS_OUT(rlx_mlx_trace_first_rows, RLX_MLX_ERR_NULL, none,
                  rlx_mlx_trace_first_rows(NULL, 2, 2, 3, reads, 2, gives, 2, &none));
  CHECK_FAILS(rlx_mlx_trace_first_rows, RLX_MLX_ERR_NULL,
              rlx_mlx_trace_first_rows(trace, 2, 2, 3, reads, 2, gives, 2, NULL));
  rlx_mlx_trace_free(rows);
  rlx_mlx_trace_free(trace);

  /* A sum over the rows needs all of them, which the product does not. */
  CHECK_OK(rlx_mlx_trace(product_and_sum, &mixes, inputs, 2, 2, &trace));
  CHECK_OK(rlx_mlx_trace_first_rows(trace, 2, 2, 3, reads, 2, gives, 2, &none));
  CHECK(none == NULL);
  CHECK_OK(rlx_mlx_trace_first_rows(trace, 1, 2, 3, reads, 2, gives, 2, &rows));
  CHECK(rows != NULL);
  rlx_mlx_trace_free(rows);
  rlx_mlx_trace_free(trace);
  rlx_mlx_array_free(inputs[0]);
  rlx_mlx_array_free(inputs[1]);
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
  CHECK_FAILS_OUT(rlx_mlx_trace, RLX_MLX_ERR_GENERIC, trace, rlx_mlx_trace(miscounts, NULL, inputs, 2, 1, &trace));
  CHECK_OK(rlx_mlx_trace(miscounts, &calls, inputs, 2, 1, &trace));
  CHECK_OK(rlx_mlx_trace_call(trace, inputs, 2, NULL, 0));
  rlx_mlx_trace_free(trace);
  trace = NULL;
  /* The function's own text arrives. */
  CHECK_FAILS_OUT(rlx_mlx_trace, RLX_MLX_ERR_GENERIC, trace,
                  rlx_mlx_trace(sum_and_product, &calls, inputs, 1, 2, &trace));
  CHECK(strstr(rlx_mlx_last_error(), "two inputs and two outputs expected") != NULL);

  rlx_mlx_array_free(inputs[0]);
  rlx_mlx_array_free(inputs[1]);

  running();
  splitting();
  lending();
  merging();
  sizes();
  failing(0);
  failing(1);
  releasing(0);
  releasing(1);
  folding_before_a_callback();
  first_rows();
}
