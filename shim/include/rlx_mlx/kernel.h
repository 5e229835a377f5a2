/* Custom GPU kernels from source: Metal and CUDA. */
#ifndef RLX_MLX_KERNEL_H
#define RLX_MLX_KERNEL_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* Kinds of template arguments. */
typedef enum RLX_MLX_ENUM {
  RLX_MLX_TEMPLATE_INT = 0,
  RLX_MLX_TEMPLATE_BOOL = 1,
  RLX_MLX_TEMPLATE_DTYPE = 2
} rlx_mlx_template_t;

/* A constant that the source sees under `name`: an int, a bool (nonzero is true) or a type (a rlx_mlx_dtype_t). */
typedef struct {
  const char* name;
  rlx_mlx_template_t kind;
  int value;
} rlx_mlx_template_arg_t;

/* A kernel. MLX writes the function's signature around the body from the names and from the types of a launch. */
typedef struct {
  const char* name;
  const char* source; /* the body */
  const char* header; /* what goes before the function; NULL for nothing */
  const char* const* input_names;
  size_t n_inputs;
  const char* const* output_names;
  size_t n_outputs;          /* at least 1 */
  int ensure_row_contiguous; /* nonzero: inputs that are not dense row-major are copied first */
  int atomic_outputs;        /* nonzero: outputs are atomics; Metal only */
  int shared_memory;         /* bytes of dynamic shared memory a block; CUDA only */
} rlx_mlx_kernel_t;

/* One launch of it. */
typedef struct {
  int grid[3];        /* threads in all along x, y, z, not groups; each at least 1 */
  int threadgroup[3]; /* threads of a group (CUDA: block); each at least 1, their product at most 1024 */
  const rlx_mlx_template_arg_t* template_args;
  size_t n_template_args;
  int has_init; /* nonzero: outputs start as `init` everywhere; otherwise they are not initialised */
  float init;
} rlx_mlx_launch_t;

/* The lazy outputs of a launch of a Metal kernel over `kernel->n_inputs` inputs; `out_outputs` has room for
 * `kernel->n_outputs` handles, of the shapes, ranks and dtypes listed, and is all NULL after a failure.
 *
 * Names, sizes and types are checked here; a source that does not compile fails at evaluation. The same kernel is set
 * up once, MLX compiles it once for each set of types and template arguments. An MLX without Metal is ERR_GENERIC
 * (MLX: fast::metal_kernel, whose documentation tells what a body may use). */
int rlx_mlx_kernel_metal(const rlx_mlx_kernel_t* kernel, const rlx_mlx_launch_t* launch, rlx_mlx_array_t* const* inputs,
                         const int* const* output_shapes, const size_t* output_ranks,
                         const rlx_mlx_dtype_t* output_dtypes, rlx_mlx_array_t** out_outputs);

/* The same for CUDA, compiled with NVRTC (MLX: fast::cuda_kernel). */
int rlx_mlx_kernel_cuda(const rlx_mlx_kernel_t* kernel, const rlx_mlx_launch_t* launch, rlx_mlx_array_t* const* inputs,
                        const int* const* output_shapes, const size_t* output_ranks,
                        const rlx_mlx_dtype_t* output_dtypes, rlx_mlx_array_t** out_outputs);

/* The short form for one output: row-contiguous inputs, no template arguments, no initial value, no atomics. `name`
 * NULL is "anon", `output_name` NULL "out", `source` and `header` NULL the empty text. Metal only. */
int rlx_mlx_op_metal_kernel_dispatch(const char* name, const char* source, const char* header,
                                     const char* const* input_names, size_t n_inputs, const char* output_name,
                                     rlx_mlx_array_t* const* inputs, const int* output_shape, size_t output_rank,
                                     rlx_mlx_dtype_t output_dtype, int grid_x, int grid_y, int grid_z, int tg_x,
                                     int tg_y, int tg_z, rlx_mlx_array_t** out);

RLX_MLX_C_END
#endif
