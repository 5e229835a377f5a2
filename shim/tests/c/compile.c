/* Functions traced by need. */
#include "check.h"

struct context {
  int calls;
  size_t cap_seen;
  size_t outputs;            /* how many to give */
  int leave_null;            /* nonzero: claim them without making them */
  const char* fail_with;     /* not NULL: fail */
  rlx_mlx_compiled_t* inner; /* not NULL: call it on the inputs */
};

/* Each output is the first input times itself. */
static int squares(void* ud, rlx_mlx_array_t* const* inputs, size_t n_inputs, rlx_mlx_array_t** out_outputs, size_t cap,
                   size_t* out_n_outputs) {
  struct context* context = ud;
  size_t i, n = context->outputs < cap ? context->outputs : cap;
  ++context->calls;
  context->cap_seen = cap;
  *out_n_outputs = context->outputs;
  if (context->fail_with) {
    rlx_mlx_set_last_error(context->fail_with);
    return 1;
  }
  if (context->inner) {
    return rlx_mlx_compiled_call(context->inner, inputs, n_inputs, out_outputs, cap, out_n_outputs);
  }
  for (i = 0; i < n && !context->leave_null; ++i) {
    if (rlx_mlx_op_mul(inputs[0], inputs[0], &out_outputs[i])) {
      return 1;
    }
  }
  return 0;
}

static void check_caps(rlx_mlx_array_t* x) {
  struct context context = {0, 0, 3, 0, NULL, NULL};
  rlx_mlx_array_t* outs[3];
  rlx_mlx_compiled_t* compiled = NULL;
  size_t count = 9;
  CHECK(rlx_mlx_compile_output_cap() == 1024);
  rlx_mlx_set_compile_output_cap(2);
  CHECK(rlx_mlx_compile_output_cap() == 2);
  CHECK_OK(rlx_mlx_compile(squares, &context, 0, &compiled));
  CHECK_FAILS_OUT(rlx_mlx_compiled_call, RLX_MLX_ERR_GENERIC, outs[0],
                  rlx_mlx_compiled_call(compiled, &x, 1, outs, 3, &count));
  CHECK(context.cap_seen == 2 && count == 0);
  rlx_mlx_reset_compile_output_cap();
  CHECK(rlx_mlx_compile_output_cap() == 1024);
  /* Too few slots: the number comes back, and what was traced stays. */
  CHECK_FAILS_OUT(rlx_mlx_compiled_call, RLX_MLX_ERR_BAD_SHAPE, outs[0],
                  rlx_mlx_compiled_call(compiled, &x, 1, outs, 2, &count));
  CHECK(context.cap_seen == 1024 && count == 3 && context.calls == 2);
  CHECK_OK(rlx_mlx_compiled_call(compiled, &x, 1, outs, 3, &count));
  CHECK(count == 3 && context.calls == 2);
  rlx_mlx_array_free(outs[0]);
  rlx_mlx_array_free(outs[1]);
  rlx_mlx_array_free(outs[2]);
  rlx_mlx_compiled_free(compiled);
  rlx_mlx_set_compile_output_cap((size_t)-1);
  CHECK(rlx_mlx_compile_output_cap() == 1048576);
  rlx_mlx_set_compile_output_cap(0);
  CHECK(rlx_mlx_compile_output_cap() == 1024);
}

static void check_shapes(rlx_mlx_array_t* three, rlx_mlx_array_t* two, int shapeless, int traces) {
  const float squares_of_three[3] = {1, 4, 9}, squares_of_two[2] = {1, 4};
  struct context context = {0, 0, 1, 0, NULL, NULL};
  rlx_mlx_array_t* out = NULL;
  rlx_mlx_compiled_t* compiled = NULL;
  size_t count = 0;
  int turn;
  CHECK_OK(rlx_mlx_compile(squares, &context, shapeless, &compiled));
  CHECK(context.calls == 0);
  for (turn = 0; turn < 2; ++turn) {
    CHECK_OK(rlx_mlx_compiled_call(compiled, &three, 1, &out, 1, &count));
    CHECK(count == 1 && holds_f32(out, squares_of_three, 3, 0));
    rlx_mlx_array_free(out);
    CHECK_OK(rlx_mlx_compiled_call(compiled, &two, 1, &out, 1, &count));
    CHECK(count == 1 && holds_f32(out, squares_of_two, 2, 0));
    rlx_mlx_array_free(out);
  }
  CHECK(context.calls == traces);
  rlx_mlx_compiled_free(compiled);
}

void test_compile(void) {
  const float data[3] = {1, 2, 3};
  struct context context = {0, 0, 1, 0, NULL, NULL};
  rlx_mlx_array_t *three = make_f32(data, 3, 0), *two = make_f32(data, 2, 0), *out = NULL;
  rlx_mlx_compiled_t* compiled = NULL;
  size_t count = 0;

  check_shapes(three, two, 0, 2);
  check_shapes(three, two, 1, 1);
  check_caps(three);

  CHECK_FAILS_OUT(rlx_mlx_compile, RLX_MLX_ERR_NULL, compiled, rlx_mlx_compile(NULL, NULL, 0, &compiled));
  CHECK_FAILS(rlx_mlx_compile, RLX_MLX_ERR_NULL, rlx_mlx_compile(squares, &context, 0, NULL));
  CHECK_OK(rlx_mlx_compile(squares, &context, 0, &compiled));
  CHECK_FAILS_OUT(rlx_mlx_compiled_call, RLX_MLX_ERR_NULL, out,
                  rlx_mlx_compiled_call(NULL, &three, 1, &out, 1, &count));
  CHECK_FAILS(rlx_mlx_compiled_call, RLX_MLX_ERR_NULL, rlx_mlx_compiled_call(compiled, &three, 1, NULL, 1, &count));
  CHECK_FAILS_OUT(rlx_mlx_compiled_call, RLX_MLX_ERR_NULL, out,
                  rlx_mlx_compiled_call(compiled, &three, 1, &out, 1, NULL));
  CHECK_FAILS_OUT(rlx_mlx_compiled_call, RLX_MLX_ERR_NULL, out,
                  rlx_mlx_compiled_call(compiled, NULL, 1, &out, 1, &count));
  context.leave_null = 1;
  CHECK_FAILS_OUT(rlx_mlx_compiled_call, RLX_MLX_ERR_GENERIC, out,
                  rlx_mlx_compiled_call(compiled, &three, 1, &out, 1, &count));
  context.leave_null = 0;
  context.fail_with = "no such luck";
  CHECK_FAILS_OUT(rlx_mlx_compiled_call, RLX_MLX_ERR_GENERIC, out,
                  rlx_mlx_compiled_call(compiled, &three, 1, &out, 1, &count));
  CHECK(strstr(rlx_mlx_last_error(), "no such luck") != NULL);
  context.fail_with = NULL;
  context.inner = compiled;
  CHECK_FAILS_OUT(rlx_mlx_compiled_call, RLX_MLX_ERR_GENERIC, out,
                  rlx_mlx_compiled_call(compiled, &three, 1, &out, 1, &count));
  CHECK(strstr(rlx_mlx_last_error(), "cannot call itself") != NULL);
  context.inner = NULL;
  /* None of the failures is remembered as a trace. */
  CHECK_OK(rlx_mlx_compiled_call(compiled, &three, 1, &out, 1, &count));
  rlx_mlx_array_free(out);
  rlx_mlx_compiled_free(compiled);
  rlx_mlx_compiled_free(NULL);
  rlx_mlx_array_free(three);
  rlx_mlx_array_free(two);
}
