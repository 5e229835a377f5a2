/* The shim under ThreadSanitizer: what executables share when they run on several threads at once.
 *
 * Eight threads replay one folded trace with host code in it, in turn on each of two streams, with a parameter that they
 * share and an input of their own; they start runs and wait for them, write rows into arrays that they share until the first write, and meet
 * errors. Results are checked as well. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rlx_mlx_shim.h"

#define THREADS 8
#define STREAMS 2
#define ROUNDS 50
#define SIZE 64
#define LIMIT 1000.0F

/* One stream: who holds the mutex has it to himself. */
struct lane {
  pthread_mutex_t turn;
  rlx_mlx_stream_t* stream;
  rlx_mlx_trace_t* trace;
};

static struct lane lanes[STREAMS];
/* A handle for each thread, of one array. */
static rlx_mlx_array_t* parameters[THREADS];

static void must(int code, const char* call) {
  if (code != RLX_MLX_OK) {
    fprintf(stderr, "%s: %s\n", call, rlx_mlx_last_error());
    exit(1);
  }
}
#define MUST(call) must(call, #call)

static void need(int condition, const char* what) {
  if (!condition) {
    fprintf(stderr, "wrong: %s\n", what);
    exit(1);
  }
}

/* Copies; fails for a first value above LIMIT. */
static int copy(void* ud, const rlx_mlx_view_t* inputs, size_t n_inputs, const rlx_mlx_view_mut_t* outputs,
                size_t n_outputs) {
  (void)ud, (void)n_inputs, (void)n_outputs;
  if (((const float*)inputs[0].data)[0] > LIMIT) {
    rlx_mlx_set_last_error("above the limit");
    return 1;
  }
  memcpy(outputs[0].data, inputs[0].data, inputs[0].nbytes);
  return 0;
}

static int copied(rlx_mlx_array_t* x, rlx_mlx_array_t** out) {
  const int size = SIZE;
  const int* shape = &size;
  const size_t rank = 1;
  const rlx_mlx_dtype_t dtype = RLX_MLX_DTYPE_F32;
  return rlx_mlx_op_host_callback(copy, NULL, NULL, RLX_MLX_ROWS_MIXED, &x, 1, &shape, &rank, &dtype, 1, out);
}

/* `x + parameter + (1 + 2)`, with host code for `x`, the first sum and the result. */
static int lower(void* ud, rlx_mlx_array_t* const* inputs, size_t n_inputs, rlx_mlx_array_t** out_outputs, size_t cap,
                 size_t* out_n_outputs) {
  rlx_mlx_array_t *one = NULL, *two = NULL, *three = NULL, *x = NULL, *sum = NULL, *same = NULL, *total = NULL;
  int failed;
  (void)ud, (void)n_inputs, (void)cap;
  *out_n_outputs = 1;
  failed = rlx_mlx_array_scalar(1, RLX_MLX_DTYPE_F32, &one) || rlx_mlx_array_scalar(2, RLX_MLX_DTYPE_F32, &two) ||
           rlx_mlx_op_add(one, two, &three) || copied(inputs[0], &x) || rlx_mlx_op_add(x, inputs[1], &sum) ||
           copied(sum, &same) || rlx_mlx_op_add(same, three, &total) || copied(total, &out_outputs[0]);
  rlx_mlx_array_free(one);
  rlx_mlx_array_free(two);
  rlx_mlx_array_free(three);
  rlx_mlx_array_free(x);
  rlx_mlx_array_free(sum);
  rlx_mlx_array_free(same);
  rlx_mlx_array_free(total);
  return failed;
}

static void make_lane(struct lane* lane) {
  const int size = SIZE;
  rlx_mlx_array_t* placeholders[2];
  MUST(rlx_mlx_array_placeholder(&size, 1, RLX_MLX_DTYPE_F32, &placeholders[0]));
  MUST(rlx_mlx_array_placeholder(&size, 1, RLX_MLX_DTYPE_F32, &placeholders[1]));
  need(pthread_mutex_init(&lane->turn, NULL) == 0, "a mutex");
  MUST(rlx_mlx_stream_new(RLX_MLX_DEVICE_CPU, &lane->stream));
  MUST(rlx_mlx_stream_enter(lane->stream));
  MUST(rlx_mlx_trace(lower, NULL, placeholders, 2, 1, &lane->trace));
  MUST(rlx_mlx_trace_fold(lane->trace));
  MUST(rlx_mlx_stream_enter(NULL));
  rlx_mlx_array_free(placeholders[0]);
  rlx_mlx_array_free(placeholders[1]);
}

/* A run that fails, waited for and not. */
static void fails(struct lane* lane, const rlx_mlx_source_t* sources, const rlx_mlx_sink_t* sink) {
  rlx_mlx_array_t* output = NULL;
  need(rlx_mlx_trace_run(lane->trace, sources, 2, sink, &output, 1) != RLX_MLX_OK && !output, "a failed run");
  need(strstr(rlx_mlx_last_error(), "above the limit") != NULL, "its text");
  MUST(rlx_mlx_trace_start(lane->trace, sources, 2, &output, 1));
  rlx_mlx_array_free(output);
  need(rlx_mlx_stream_synchronize(lane->stream) != RLX_MLX_OK, "a failed run that nobody waits for");
  need(strstr(rlx_mlx_last_error(), "above the limit") != NULL, "its text");
}

/* One run that is waited for, and one that is not; then rows into an array that the parameter's memory began as. */
static void one_round(struct lane* lane, rlx_mlx_array_t* parameter, rlx_mlx_array_t* cache, float value) {
  const rlx_mlx_segment_t half = {0, SIZE / 2, SIZE / 2};
  float x[SIZE], found[SIZE];
  rlx_mlx_source_t sources[2];
  rlx_mlx_sink_t sink;
  rlx_mlx_array_t* output = NULL;
  int i;
  for (i = 0; i < SIZE; ++i) {
    x[i] = value;
  }
  pthread_mutex_lock(&lane->turn);
  memset(sources, 0, sizeof(sources));
  sources[0].data = x;
  sources[0].nbytes = sizeof(x);
  sources[1].array = parameter;
  sink.data = found;
  sink.nbytes = sizeof(found);
  sink.only = 0;
  MUST(rlx_mlx_stream_enter(lane->stream));
  MUST(rlx_mlx_trace_run(lane->trace, sources, 2, &sink, &output, 1));
  need(found[0] == value + 10 + 3 && found[SIZE - 1] == value + 10 + 3, "the sum");
  rlx_mlx_array_free(output);
  /* The first host code fails, which the run calls; then the second, which the evaluation calls. */
  x[0] = LIMIT + 1;
  fails(lane, sources, &sink);
  x[0] = LIMIT - 1;
  fails(lane, sources, &sink);
  x[0] = value;
  MUST(rlx_mlx_trace_start(lane->trace, sources, 2, &output, 1));
  MUST(rlx_mlx_stream_synchronize(lane->stream));
  MUST(rlx_mlx_stream_enter(NULL));
  pthread_mutex_unlock(&lane->turn);

  MUST(rlx_mlx_part_copy(cache, output, &half, 1, 1, NULL));
  MUST(rlx_mlx_part_read(cache, 0, found, sizeof(found)));
  need(found[0] == 10 && found[SIZE - 1] == value + 10 + 3, "the cache");
  need(rlx_mlx_part_read(cache, 4, found, sizeof(found)) == RLX_MLX_ERR_BAD_SHAPE, "a refusal");
  need(strstr(rlx_mlx_last_error(), "rlx_mlx_part_read") != NULL, "the thread's own error text");
  rlx_mlx_array_free(output);
}

static void* work(void* argument) {
  const int number = (int)(size_t)argument;
  rlx_mlx_array_t* cache = NULL;
  int round;
  for (round = 0; round < ROUNDS; ++round) {
    if (round % 10 == 0) {
      /* Shared again with everybody: the next write makes a copy. */
      rlx_mlx_array_free(cache);
      MUST(rlx_mlx_array_clone(parameters[number], &cache));
    }
    one_round(&lanes[(number + round) % STREAMS], parameters[number], cache, (float)(number * ROUNDS + round));
  }
  rlx_mlx_array_free(cache);
  return NULL;
}

int main(void) {
  const int size = SIZE;
  pthread_t threads[THREADS];
  float tens[SIZE];
  size_t i;
  for (i = 0; i < SIZE; ++i) {
    tens[i] = 10;
  }
  MUST(rlx_mlx_array_from_bytes(&size, 1, tens, sizeof(tens), RLX_MLX_DTYPE_F32, &parameters[0]));
  for (i = 1; i < THREADS; ++i) {
    MUST(rlx_mlx_array_clone(parameters[0], &parameters[i]));
  }
  for (i = 0; i < STREAMS; ++i) {
    make_lane(&lanes[i]);
  }
  for (i = 0; i < THREADS; ++i) {
    need(pthread_create(&threads[i], NULL, work, (void*)i) == 0, "a thread");
  }
  for (i = 0; i < THREADS; ++i) {
    need(pthread_join(threads[i], NULL) == 0, "the end of a thread");
    rlx_mlx_array_free(parameters[i]);
  }
  for (i = 0; i < STREAMS; ++i) {
    rlx_mlx_trace_free(lanes[i].trace);
    rlx_mlx_stream_free(lanes[i].stream);
  }
  printf("%d threads, %d rounds each, %lu handles left\n", THREADS, ROUNDS, (unsigned long)rlx_mlx_live_handles());
  return rlx_mlx_live_handles() > 0;
}
