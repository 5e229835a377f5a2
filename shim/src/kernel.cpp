// Custom GPU kernels from source.
#include <cstdint>

#include "source.h"

using namespace rlx_mlx;

namespace {

std::vector<std::string> identifiers(const char* const* texts, size_t count, const std::string& what) {
  if (count > 0 && !texts) {
    throw Failure(RLX_MLX_ERR_NULL, what + "s is NULL");
  }
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) {
    names.push_back(identifier(texts[i], what));
  }
  return names;
}

Kernel kernel_of(Language language, const rlx_mlx_kernel_t* given) {
  if (!given) {
    throw Failure(RLX_MLX_ERR_NULL, "kernel is NULL");
  }
  if (!given->source) {
    throw Failure(RLX_MLX_ERR_NULL, "source is NULL");
  }
  if (given->atomic_outputs && language == Language::cuda) {
    throw Failure(RLX_MLX_ERR_GENERIC, "atomic_outputs is for Metal; CUDA has atomicAdd and its like");
  }
  if (given->shared_memory < 0) {
    throw Failure(RLX_MLX_ERR_BAD_SHAPE, "shared_memory is negative");
  }
  if (given->shared_memory > 0 && language == Language::metal) {
    throw Failure(RLX_MLX_ERR_GENERIC, "shared_memory is for CUDA; Metal declares threadgroup arrays in the source");
  }
  Kernel kernel{language, identifier(given->name, "name"), given->source, given->header ? given->header : "", {}, {}};
  kernel.inputs = identifiers(given->input_names, given->n_inputs, "input_name");
  kernel.outputs = identifiers(given->output_names, given->n_outputs, "output_name");
  kernel.ensure_row_contiguous = given->ensure_row_contiguous != 0;
  kernel.atomic_outputs = given->atomic_outputs != 0;
  kernel.shared_memory = given->shared_memory;
  return kernel;
}

void check_launch(const rlx_mlx_launch_t* launch) {
  if (!launch) {
    throw Failure(RLX_MLX_ERR_NULL, "launch is NULL");
  }
  int64_t group = 1;
  for (int axis = 0; axis < 3; ++axis) {
    if (launch->grid[axis] < 1 || launch->threadgroup[axis] < 1) {
      throw Failure(RLX_MLX_ERR_BAD_SHAPE, "grid and threadgroup are at least 1 along each axis");
    }
    // Each is below 2^31; the product of two fits, and the third is looked at only while it is small.
    group = group > 1024 ? group : group * launch->threadgroup[axis];
  }
  if (group > 1024) {
    throw Failure(RLX_MLX_ERR_BAD_SHAPE, "a threadgroup has at most 1024 threads");
  }
}

int run(const char* function, Language language, const rlx_mlx_kernel_t* given, const rlx_mlx_launch_t* launch,
        rlx_mlx_array_t* const* inputs, const int* const* output_shapes, const size_t* output_ranks,
        const rlx_mlx_dtype_t* output_dtypes, rlx_mlx_array_t** out_outputs) {
  return produce_many(function, out_outputs, given ? given->n_outputs : 0, [&] {
    const auto kernel = kernel_of(language, given);
    check_launch(launch);
    return dispatch(kernel, *launch, arrays_of(inputs, given->n_inputs, "inputs"),
                    output_types(output_shapes, output_ranks, output_dtypes, given->n_outputs));
  });
}

}  // namespace

extern "C" {

int rlx_mlx_kernel_metal(const rlx_mlx_kernel_t* kernel, const rlx_mlx_launch_t* launch, rlx_mlx_array_t* const* inputs,
                         const int* const* output_shapes, const size_t* output_ranks,
                         const rlx_mlx_dtype_t* output_dtypes, rlx_mlx_array_t** out_outputs) {
  return run(__func__, Language::metal, kernel, launch, inputs, output_shapes, output_ranks, output_dtypes,
             out_outputs);
}

int rlx_mlx_kernel_cuda(const rlx_mlx_kernel_t* kernel, const rlx_mlx_launch_t* launch, rlx_mlx_array_t* const* inputs,
                        const int* const* output_shapes, const size_t* output_ranks,
                        const rlx_mlx_dtype_t* output_dtypes, rlx_mlx_array_t** out_outputs) {
  return run(__func__, Language::cuda, kernel, launch, inputs, output_shapes, output_ranks, output_dtypes, out_outputs);
}

int rlx_mlx_op_metal_kernel_dispatch(const char* name, const char* source, const char* header,
                                     const char* const* input_names, size_t n_inputs, const char* output_name,
                                     rlx_mlx_array_t* const* inputs, const int* output_shape, size_t output_rank,
                                     rlx_mlx_dtype_t output_dtype, int grid_x, int grid_y, int grid_z, int tg_x,
                                     int tg_y, int tg_z, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const char* const outputs[] = {output_name ? output_name : "out"};
    const rlx_mlx_kernel_t given{
        name ? name : "anon", source ? source : "", header, input_names, n_inputs, outputs, 1, 1, 0, 0};
    const rlx_mlx_launch_t launch{{grid_x, grid_y, grid_z}, {tg_x, tg_y, tg_z}, nullptr, 0, 0, 0};
    const auto kernel = kernel_of(Language::metal, &given);
    check_launch(&launch);
    const OutputTypes types{{shape_of(output_shape, output_rank)}, {dtype_of(output_dtype)}};
    return handle(dispatch(kernel, launch, arrays_of(inputs, n_inputs, "inputs"), types).at(0));
  });
}

}  // extern "C"
