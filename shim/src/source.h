// Kernels from source: what makes one, and its launch.
#pragma once

#include <compare>

#include "outputs.h"

namespace rlx_mlx {

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

// A name that becomes part of generated source; `what` tells whose it is.
std::string identifier(const char* text, const std::string& what);

// The lazy outputs of a launch; MLX sets up the same kernel once.
std::vector<mx::array> dispatch(const Kernel& kernel, const rlx_mlx_launch_t& launch,
                                const std::vector<mx::array>& inputs, const OutputTypes& types);

}  // namespace rlx_mlx
