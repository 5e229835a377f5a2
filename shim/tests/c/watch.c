/* When primitives are computed. */
#include "check.h"

/* What has been told. */
typedef struct {
  uint64_t clock;
  size_t spans, places[8];
  uint64_t operations, nbytes;
  char last[32];
  int released;
} told_t;

static uint64_t tick(void* ud) {
  return ++((told_t*)ud)->clock;
}

static void tell(void* ud, uint64_t start, size_t place, const char* primitive, uint64_t operations, uint64_t nbytes) {
  told_t* told = ud;
  CHECK(start > 0 && start <= told->clock && told->spans < 8);
  told->places[told->spans++] = place;
  told->operations = operations;
  told->nbytes = nbytes;
  snprintf(told->last, sizeof told->last, "%s", primitive);
}

static void release(void* ud) {
  ++((told_t*)ud)->released;
}

/* The product of two matrices, plus the first; the watch in `ud` gets places 3 and 4. */
static int product(void* ud, rlx_mlx_array_t* const* inputs, size_t n_inputs, rlx_mlx_array_t** out_outputs, size_t cap,
                   size_t* out_n_outputs) {
  rlx_mlx_array_t* made = NULL;
  int failed;
  (void)n_inputs, (void)cap;
  *out_n_outputs = 1;
  failed = rlx_mlx_op_matmul(inputs[0], inputs[1], &made) || rlx_mlx_watch_place(ud, made, 3) ||
           rlx_mlx_op_add(made, inputs[0], &out_outputs[0]) || rlx_mlx_watch_place(ud, out_outputs[0], 4);
  rlx_mlx_array_free(made);
  return failed;
}

/* A trace tells at each replay. */
static void traced(void) {
  const float ones[] = {1, 1, 1, 1}, threes[] = {3, 3, 3, 3};
  told_t told = {0};
  size_t run;
  rlx_mlx_watch_t* watch = NULL;
  rlx_mlx_trace_t* trace = NULL;
  rlx_mlx_array_t *a = make_f32(ones, 2, 2), *inputs[2], *out = NULL;
  inputs[0] = inputs[1] = a;
  CHECK_OK(rlx_mlx_watch_new(tick, tell, &told, release, &watch));
  CHECK_OK(rlx_mlx_trace(product, watch, inputs, 2, 1, &trace));
  CHECK_OK(rlx_mlx_watch_trace(watch, trace));
  rlx_mlx_watch_free(watch);
  CHECK(told.spans == 0 && told.released == 0);
  for (run = 1; run < 3; ++run) {
    CHECK_OK(rlx_mlx_trace_call(trace, inputs, 2, &out, 1));
    CHECK_OK(rlx_mlx_eval(&out, 1));
    CHECK_OK(rlx_mlx_synchronize());
    CHECK(holds_f32(out, threes, 4, 0));
    rlx_mlx_array_free(out);
    CHECK(told.spans == 2 * run && told.places[2 * run - 2] == 3 && told.places[2 * run - 1] == 4);
    CHECK(strcmp(told.last, "Add") == 0 && told.operations == 0 && told.nbytes == 48);
  }
  rlx_mlx_trace_free(trace);
  rlx_mlx_array_free(a);
  CHECK_OK(rlx_mlx_synchronize());
  CHECK(told.released == 1);
}

/* Lazy arrays tell at their evaluation, those with a place alone. */
static void lazy(void) {
  const float ones[] = {1, 1, 1, 1};
  told_t told = {0};
  rlx_mlx_watch_t* watch = NULL;
  rlx_mlx_array_t *a = make_f32(ones, 2, 2), *b = NULL, *c = NULL;
  CHECK_OK(rlx_mlx_watch_new(tick, tell, &told, release, &watch));
  CHECK_OK(rlx_mlx_op_matmul(a, a, &b));
  CHECK_OK(rlx_mlx_watch_place(watch, b, 7));
  CHECK_OK(rlx_mlx_op_add(b, a, &c));
  CHECK_OK(rlx_mlx_watch_arrays(watch, &c, 1));
  CHECK_OK(rlx_mlx_eval(&c, 1));
  CHECK_OK(rlx_mlx_synchronize());
  CHECK(told.spans == 1 && told.places[0] == 7 && told.operations == 16 && strcmp(told.last, "Matmul") == 0);
  CHECK_FAILS(rlx_mlx_watch_arrays, RLX_MLX_ERR_NULL, rlx_mlx_watch_arrays(NULL, &c, 1));
  CHECK_FAILS(rlx_mlx_watch_place, RLX_MLX_ERR_NULL, rlx_mlx_watch_place(watch, NULL, 1));
  CHECK_FAILS(rlx_mlx_watch_trace, RLX_MLX_ERR_NULL, rlx_mlx_watch_trace(watch, NULL));
  rlx_mlx_watch_free(watch);
  rlx_mlx_watch_free(NULL);
  rlx_mlx_array_free(a);
  rlx_mlx_array_free(b);
  rlx_mlx_array_free(c);
  CHECK_OK(rlx_mlx_synchronize());
  CHECK(told.released == 1);
}

void test_watch(void) {
  told_t told = {0};
  rlx_mlx_watch_t* watch = NULL;
  traced();
  lazy();
  CHECK_FAILS_OUT(rlx_mlx_watch_new, RLX_MLX_ERR_NULL, watch, rlx_mlx_watch_new(NULL, tell, &told, release, &watch));
  CHECK(told.released == 1);
}
