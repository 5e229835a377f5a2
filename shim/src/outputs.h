// Functions with several result handles whose types the caller lists: host callbacks and custom kernels.
#pragma once

#include <algorithm>

#include "tape.h"

namespace rlx_mlx {

struct OutputTypes {
  std::vector<mx::Shape> shapes;
  std::vector<mx::Dtype> dtypes;
};

// Checks and collects what the caller lists; at least one output.
OutputTypes output_types(const int* const* shapes, const size_t* ranks, const rlx_mlx_dtype_t* dtypes, size_t count);

// The value of rlx_mlx_dtype_t for an MLX dtype.
rlx_mlx_dtype_t code_of(mx::Dtype dtype);

// Like produce() for `count` handles: all NULL first, so that a failure leaves NULL. `body` gives the arrays.
template <typename F>
int produce_many(const char* function, rlx_mlx_array_t** out_outputs, size_t count, F&& body) noexcept {
  if (out_outputs) {
    std::fill(out_outputs, out_outputs + count, nullptr);
  }
  return guarded(function, [&] {
    if (!out_outputs) {
      throw Failure(RLX_MLX_ERR_NULL, "out_outputs is NULL");
    }
    Handles(body()).give(out_outputs);
  });
}

}  // namespace rlx_mlx
