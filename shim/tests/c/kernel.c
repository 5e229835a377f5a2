/* Custom GPU kernels. Without a GPU the checks come first and the missing back-end last. */
#include "check.h"

typedef int (*launcher)(const rlx_mlx_kernel_t*, const rlx_mlx_launch_t*, rlx_mlx_array_t* const*, const int* const*,
                        const size_t*, const rlx_mlx_dtype_t*, rlx_mlx_array_t**);

static const char* const input_names[1] = {"x"};
static const char* const output_names[2] = {"twice", "thrice"};
static const int four = 4;
static const int* const shapes[2] = {&four, &four};
static const size_t ranks[2] = {1, 1};
static const rlx_mlx_dtype_t dtypes[2] = {RLX_MLX_DTYPE_F32, RLX_MLX_DTYPE_F32};
static const rlx_mlx_template_arg_t args[2] = {{"T", RLX_MLX_TEMPLATE_DTYPE, RLX_MLX_DTYPE_F32},
                                               {"FACTOR", RLX_MLX_TEMPLATE_INT, 2}};

static rlx_mlx_kernel_t kernel_of(const char* source) {
  rlx_mlx_kernel_t kernel;
  memset(&kernel, 0, sizeof kernel);
  kernel.name = "scaled";
  kernel.source = source;
  kernel.input_names = input_names;
  kernel.n_inputs = 1;
  kernel.output_names = output_names;
  kernel.n_outputs = 2;
  kernel.ensure_row_contiguous = 1;
  return kernel;
}

static rlx_mlx_launch_t launch_of(void) {
  rlx_mlx_launch_t launch = {{4, 1, 1}, {4, 1, 1}, NULL, 2, 1, 0.5f};
  launch.template_args = args;
  return launch;
}

/* Without the back-end: its absence, told; with it: the values. */
static void check_values(int (*call)(rlx_mlx_array_t**), const char* name, int usable) {
  const float twice[4] = {2, 4, 6, 8}, thrice[4] = {3, 6, 9, 12};
  rlx_mlx_array_t* outs[2] = {NULL, NULL};
  int code = call(outs);
  if (!usable) {
    CHECK(code == RLX_MLX_ERR_GENERIC && outs[0] == NULL && outs[1] == NULL);
    CHECK(strncmp(rlx_mlx_last_error(), name, strlen(name)) == 0);
    CHECK(strstr(rlx_mlx_last_error(), "back-end") != NULL);
    return;
  }
  CHECK(code == RLX_MLX_OK);
  CHECK(holds_f32(outs[0], twice, 4, 0));
  CHECK(holds_f32(outs[1], thrice, 4, 0));
  rlx_mlx_array_free(outs[0]);
  rlx_mlx_array_free(outs[1]);
}

static rlx_mlx_array_t* x;

static int on_metal(rlx_mlx_array_t** outs) {
  const rlx_mlx_kernel_t kernel =
      kernel_of("uint i = thread_position_in_grid.x; twice[i] = T(FACTOR) * x[i]; thrice[i] = T(FACTOR + 1) * x[i];");
  const rlx_mlx_launch_t launch = launch_of();
  return rlx_mlx_kernel_metal(&kernel, &launch, &x, shapes, ranks, dtypes, outs);
}

static int on_cuda(rlx_mlx_array_t** outs) {
  const rlx_mlx_kernel_t kernel = kernel_of(
      "int i = blockIdx.x * blockDim.x + threadIdx.x; twice[i] = T(FACTOR) * x[i]; thrice[i] = T(FACTOR + 1) * x[i];");
  const rlx_mlx_launch_t launch = launch_of();
  return rlx_mlx_kernel_cuda(&kernel, &launch, &x, shapes, ranks, dtypes, outs);
}

#define REFUSED(code, call)                                        \
  do {                                                             \
    outs[0] = (void*)&checks_done;                                 \
    CHECK((call) == (code));                                       \
    CHECK(strncmp(rlx_mlx_last_error(), name, strlen(name)) == 0); \
    CHECK(outs[0] == NULL);                                        \
  } while (0)

static void check_refusals(launcher run, const char* name) {
  static const char* const bad_names[2] = {"twice", "no name"};
  static const rlx_mlx_template_arg_t bad_arg = {"T", RLX_MLX_TEMPLATE_DTYPE, 99};
  rlx_mlx_array_t* outs[2];
  rlx_mlx_array_t* nothing = NULL;
  rlx_mlx_kernel_t kernel = kernel_of("");
  rlx_mlx_launch_t launch = launch_of();
  REFUSED(RLX_MLX_ERR_NULL, run(&kernel, NULL, &x, shapes, ranks, dtypes, outs));
  REFUSED(RLX_MLX_ERR_NULL, run(&kernel, &launch, &nothing, shapes, ranks, dtypes, outs));
  REFUSED(RLX_MLX_ERR_NULL, run(&kernel, &launch, &x, NULL, ranks, dtypes, outs));
  CHECK(run(&kernel, &launch, &x, shapes, ranks, dtypes, NULL) == RLX_MLX_ERR_NULL);
  CHECK(run(NULL, &launch, &x, shapes, ranks, dtypes, outs) == RLX_MLX_ERR_NULL);
  launch.threadgroup[0] = 1025;
  REFUSED(RLX_MLX_ERR_BAD_SHAPE, run(&kernel, &launch, &x, shapes, ranks, dtypes, outs));
  launch.threadgroup[0] = 4;
  launch.grid[2] = 0;
  REFUSED(RLX_MLX_ERR_BAD_SHAPE, run(&kernel, &launch, &x, shapes, ranks, dtypes, outs));
  launch.grid[2] = 1;
  launch.template_args = &bad_arg;
  launch.n_template_args = 1;
  REFUSED(RLX_MLX_ERR_BAD_DTYPE, run(&kernel, &launch, &x, shapes, ranks, dtypes, outs));
  kernel.output_names = bad_names;
  REFUSED(RLX_MLX_ERR_GENERIC, run(&kernel, &launch, &x, shapes, ranks, dtypes, outs));
  kernel = kernel_of(NULL);
  REFUSED(RLX_MLX_ERR_NULL, run(&kernel, &launch, &x, shapes, ranks, dtypes, outs));
}

static void check_short_form(int usable) {
  const float expected[4] = {2, 4, 6, 8};
  const char* const source = "out[thread_position_in_grid.x] = 2 * x[thread_position_in_grid.x];";
  rlx_mlx_array_t* out = NULL;
  const int code = rlx_mlx_op_metal_kernel_dispatch(NULL, source, NULL, input_names, 1, NULL, &x, &four, 1,
                                                    RLX_MLX_DTYPE_F32, 4, 1, 1, 4, 1, 1, &out);
  CHECK(code == (usable ? RLX_MLX_OK : RLX_MLX_ERR_GENERIC));
  CHECK(usable ? holds_f32(out, expected, 4, 0) : strstr(rlx_mlx_last_error(), "no Metal back-end") != NULL);
  rlx_mlx_array_free(out);
  CHECK_FAILS_OUT(rlx_mlx_op_metal_kernel_dispatch, RLX_MLX_ERR_BAD_SHAPE, out,
                  rlx_mlx_op_metal_kernel_dispatch(NULL, source, NULL, input_names, 1, NULL, &x, &four, 1,
                                                   RLX_MLX_DTYPE_F32, 0, 1, 1, 4, 1, 1, &out));
  CHECK_FAILS_OUT(rlx_mlx_op_metal_kernel_dispatch, RLX_MLX_ERR_BAD_DTYPE, out,
                  rlx_mlx_op_metal_kernel_dispatch(NULL, source, NULL, input_names, 1, NULL, &x, &four, 1,
                                                   (rlx_mlx_dtype_t)99, 4, 1, 1, 4, 1, 1, &out));
}

void test_kernel(void) {
  const float data[4] = {1, 2, 3, 4};
  const int metal = runs_kernels(METAL), cuda = runs_kernels(CUDA);
  x = make_f32(data, 4, 0);
  CHECK_FAILS(rlx_mlx_kernel_metal, RLX_MLX_ERR_NULL, rlx_mlx_kernel_metal(NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  CHECK_FAILS(rlx_mlx_kernel_cuda, RLX_MLX_ERR_NULL, rlx_mlx_kernel_cuda(NULL, NULL, NULL, NULL, NULL, NULL, NULL));
  check_values(on_metal, "rlx_mlx_kernel_metal: ", metal);
  check_values(on_cuda, "rlx_mlx_kernel_cuda: ", cuda);
  check_refusals(rlx_mlx_kernel_metal, "rlx_mlx_kernel_metal: ");
  check_refusals(rlx_mlx_kernel_cuda, "rlx_mlx_kernel_cuda: ");
  check_short_form(metal);
  rlx_mlx_array_free(x);
}
