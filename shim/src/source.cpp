#include "source.h"

#include <cctype>
#include <map>
#include <mutex>

#include "mlx/backend/cuda/cuda.h"
#include "mlx/backend/metal/metal.h"
#include "mlx/fast.h"

namespace rlx_mlx {

namespace {

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

}  // namespace

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

std::vector<mx::array> dispatch(const Kernel& kernel, const rlx_mlx_launch_t& launch,
                                const std::vector<mx::array>& inputs, const OutputTypes& types) {
  const auto args = template_args(launch);
  const auto init = launch.has_init ? std::optional(launch.init) : std::nullopt;
  const auto& grid = launch.grid;
  const auto& group = launch.threadgroup;
  return factory(kernel)(inputs, types.shapes, types.dtypes, {grid[0], grid[1], grid[2]},
                         {group[0], group[1], group[2]}, args, init, false, here());
}

}  // namespace rlx_mlx
