// Custom GPU kernels from source.
#include <cctype>
#include <compare>
#include <cstdint>
#include <limits>
#include <map>
#include <mutex>

#include "mlx/backend/cuda/cuda.h"
#include "mlx/backend/metal/metal.h"
#include "mlx/fast.h"
#include "outputs.h"

using namespace rlx_mlx;

namespace {

enum class Language { metal, cuda };

// What makes a kernel, checked and copied.
struct Kernel {
  Language language;
  std::string name, source, header;
  std::vector<std::string> inputs, outputs;
  bool ensure_row_contiguous = true;
  bool atomic_outputs = false;
  int shared_memory = 0;

  auto operator<=>(const Kernel&) const = default;
};

// Names become part of generated source.
std::string identifier(const char* text, const std::string& what) {
  if (!text) {
    throw Failure(RLX_MLX_ERR_NULL, what + " is NULL");
  }
  std::string name = text;
  bool fits = !name.empty() && !std::isdigit(static_cast<unsigned char>(name[0]));
  for (unsigned char c : name) {
    fits = fits && (std::isalnum(c) || c == '_');
  }
  if (!fits) {
    throw Failure(RLX_MLX_ERR_GENERIC, what + " \"" + name + "\" is not an identifier");
  }
  return name;
}

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

std::vector<std::pair<std::string, mx::fast::TemplateArg>> template_args(const rlx_mlx_launch_t& launch) {
  if (launch.n_template_args > 0 && !launch.template_args) {
    throw Failure(RLX_MLX_ERR_NULL, "template_args is NULL");
  }
  std::vector<std::pair<std::string, mx::fast::TemplateArg>> args;
  for (size_t i = 0; i < launch.n_template_args; ++i) {
    const auto& arg = launch.template_args[i];
    auto name = identifier(arg.name, "template argument");
    switch (arg.kind) {
      case RLX_MLX_TEMPLATE_INT: args.emplace_back(name, arg.value); break;
      case RLX_MLX_TEMPLATE_BOOL: args.emplace_back(name, arg.value != 0); break;
      case RLX_MLX_TEMPLATE_DTYPE: args.emplace_back(name, dtype_of(static_cast<rlx_mlx_dtype_t>(arg.value))); break;
      default: throw Failure(RLX_MLX_ERR_GENERIC, "unknown kind of template argument \"" + name + "\"");
    }
  }
  return args;
}

// MLX's factory for a kernel, made once.
mx::fast::CustomKernelFunction factory(const Kernel& kernel) {
  const bool metal = kernel.language == Language::metal;
  if (!(metal ? mx::metal::is_available() : mx::cu::is_available())) {
    throw Failure(RLX_MLX_ERR_GENERIC, std::string("this MLX has no ") + (metal ? "Metal" : "CUDA") + " back-end");
  }
  static std::mutex mutex;
  static std::map<Kernel, mx::fast::CustomKernelFunction> made;
  std::lock_guard lock(mutex);
  auto found = made.find(kernel);
  if (found == made.end()) {
    auto function = metal ? mx::fast::metal_kernel(kernel.name, kernel.inputs, kernel.outputs, kernel.source,
                                                   kernel.header, kernel.ensure_row_contiguous, kernel.atomic_outputs)
                          : mx::fast::cuda_kernel(kernel.name, kernel.inputs, kernel.outputs, kernel.source,
                                                  kernel.header, kernel.ensure_row_contiguous, kernel.shared_memory);
    found = made.emplace(kernel, std::move(function)).first;
  }
  return found->second;
}

std::vector<mx::array> dispatch(const Kernel& kernel, const rlx_mlx_launch_t& launch,
                                const std::vector<mx::array>& inputs, const OutputTypes& types) {
  const auto args = template_args(launch);
  const auto init = launch.has_init ? std::optional(launch.init) : std::nullopt;
  const auto& grid = launch.grid;
  const auto& group = launch.threadgroup;
  return factory(kernel)(inputs, types.shapes, types.dtypes, {grid[0], grid[1], grid[2]},
                         {group[0], group[1], group[2]}, args, init, false, here());
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

// One thread for each element of x: it visits the windows that hold the element and takes the gradient of those that it
// wins. So every element is written once, without atomics, in a fixed order.
constexpr const char* MAXPOOL_BACKWARD = R"(
  const int wi = int(thread_position_in_grid.x);
  const int hi = int(thread_position_in_grid.y);
  const ulong plane = thread_position_in_grid.z;
  const device T* image = x + plane * ulong(H) * ulong(W);
  const device T* gradient = dy + plane * ulong(H_OUT) * ulong(W_OUT);
  const int ho_first = max(0, (hi + PH - KH + SH) / SH);
  const int wo_first = max(0, (wi + PW - KW + SW) / SW);
  float sum = 0.0f;
  for (int ho = ho_first; ho < H_OUT && ho * SH - PH <= hi; ++ho) {
    for (int wo = wo_first; wo < W_OUT && wo * SW - PW <= wi; ++wo) {
      int best_h = -1;
      int best_w = -1;
      float best = 0.0f;
      for (int kh = 0; kh < KH; ++kh) {
        for (int kw = 0; kw < KW; ++kw) {
          const int h = ho * SH - PH + kh;
          const int w = wo * SW - PW + kw;
          if (h < 0 || h >= H || w < 0 || w >= W) {
            continue;
          }
          const float value = float(image[ulong(h) * ulong(W) + ulong(w)]);
          if (best_h < 0 || (!isnan(best) && (isnan(value) || value > best))) {
            best = value;
            best_h = h;
            best_w = w;
          }
        }
      }
      if (best_h == hi && best_w == wi) {
        sum += float(gradient[ulong(ho) * ulong(W_OUT) + ulong(wo)]);
      }
    }
  }
  dx[(plane * ulong(H) + ulong(hi)) * ulong(W) + ulong(wi)] = T(sum);
)";

void check_extent(const char* name, int size, int window, int stride, int pad, int out) {
  if (size < 1 || window < 1 || stride < 1 || pad < 0 || pad >= window) {
    throw Failure(RLX_MLX_ERR_BAD_SHAPE, std::string("extent, window, stride or padding of ") + name);
  }
  const int64_t room = int64_t{size} + 2 * int64_t{pad} - window;
  if (room < 0 || room / stride + 1 != out) {
    throw Failure(RLX_MLX_ERR_BAD_SHAPE, std::string(name) + "_out is " + std::to_string(out) + ", the window gives " +
                                             std::to_string(room < 0 ? 0 : room / stride + 1));
  }
}

void check_array(const char* name, const mx::array& a, const mx::Shape& expected) {
  if (a.shape() != expected) {
    throw Failure(RLX_MLX_ERR_BAD_SHAPE, std::string(name) + " has another shape than the numbers say");
  }
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

int rlx_mlx_op_maxpool2d_backward_metal(rlx_mlx_array_t* x, rlx_mlx_array_t* dy, int n, int c, int h, int w, int h_out,
                                        int w_out, int kh, int kw, int sh, int sw, int ph, int pw,
                                        rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& image = in(x, "x");
    const auto& gradient = in(dy, "dy");
    check_array("x", image, {n, c, h, w});
    check_array("dy", gradient, {n, c, h_out, w_out});
    check_extent("h", h, kh, sh, ph, h_out);
    check_extent("w", w, kw, sw, pw, w_out);
    const int64_t planes = int64_t{n} * c;
    if (planes < 1 || planes > std::numeric_limits<int>::max()) {
      throw Failure(RLX_MLX_ERR_BAD_SHAPE, std::to_string(planes) + " planes (n times c)");
    }
    const auto dtype = image.dtype();
    if (dtype != gradient.dtype() || (dtype != mx::float32 && dtype != mx::float16 && dtype != mx::bfloat16)) {
      throw Failure(RLX_MLX_ERR_BAD_DTYPE, "x and dy are to be of one of f32, f16 and bf16");
    }
    const Kernel kernel{Language::metal, "rlx_maxpool2d_backward", MAXPOOL_BACKWARD, "", {"x", "dy"}, {"dx"}};
    const rlx_mlx_template_arg_t args[] = {
        {"T", RLX_MLX_TEMPLATE_DTYPE, static_cast<int>(code_of(dtype))},
        {"H", RLX_MLX_TEMPLATE_INT, h},
        {"W", RLX_MLX_TEMPLATE_INT, w},
        {"H_OUT", RLX_MLX_TEMPLATE_INT, h_out},
        {"W_OUT", RLX_MLX_TEMPLATE_INT, w_out},
        {"KH", RLX_MLX_TEMPLATE_INT, kh},
        {"KW", RLX_MLX_TEMPLATE_INT, kw},
        {"SH", RLX_MLX_TEMPLATE_INT, sh},
        {"SW", RLX_MLX_TEMPLATE_INT, sw},
        {"PH", RLX_MLX_TEMPLATE_INT, ph},
        {"PW", RLX_MLX_TEMPLATE_INT, pw},
    };
    const rlx_mlx_launch_t launch{
        {w, h, static_cast<int>(planes)}, {w < 16 ? w : 16, h < 16 ? h : 16, 1}, args, std::size(args), 0, 0};
    const OutputTypes types{{image.shape()}, {dtype}};
    return handle(dispatch(kernel, launch, {image, gradient}, types).at(0));
  });
}

}  // extern "C"
