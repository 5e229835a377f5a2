// Checks of operands that say which one is wrong, and several results at once.
#pragma once

#include <array>
#include <memory>

#include "checks.h"
#include "mlx/ops.h"

namespace rlx_mlx {

// Where a result goes that is not an array.
template <typename T>
T& target(T* pointer, const char* name = "out") {
  if (!pointer) {
    throw Failure(RLX_MLX_ERR_NULL, std::string(name) + " is NULL");
  }
  return *pointer;
}

// An operand that may be left out.
inline std::optional<mx::array> optional(const rlx_mlx_array_t* handle) {
  return handle ? std::optional(handle->value) : std::nullopt;
}

// Dtypes: f16, bf16, f32, f64; those and complex64; f32 and f64 only; integers without bool.
void need_floating(const mx::array& a, const char* name);
void need_inexact(const mx::array& a, const char* name);
void need_wide(const mx::array& a, const char* name);
void need_integer(const mx::array& a, const char* name);

// At least `rank` axes; exactly this shape.
void need_rank(const mx::array& a, size_t rank, const char* name);
void need_shape(const mx::array& a, const mx::Shape& shape, const char* name);

// Indices into an axis of `extent`, from 0 and clamped into it: MLX checks none, and a gather would read foreign
// memory. Negative ones count from the end, floats are truncated.
mx::array inside(const mx::array& indices, int extent, const char* name, mx::StreamOrDevice s);

// Whether ops of this thread run on the CPU.
bool on_cpu();

// Like produce() for several result handles: all are NULL first, and all or none are written. `body` gives one array
// for each; when it gives fewer, the rest stay NULL.
template <size_t N, typename F>
int produce_all(const char* function, const std::array<rlx_mlx_array_t**, N>& outs, F&& body) noexcept {
  for (auto** out : outs) {
    if (out) {
      *out = nullptr;
    }
  }
  return guarded(function, [&] {
    for (auto** out : outs) {
      target(out);
    }
    std::vector<std::unique_ptr<rlx_mlx_array_t>> made;
    for (auto& value : body()) {
      made.emplace_back(handle(std::move(value)));
    }
    for (size_t i = 0; i < made.size() && i < N; ++i) {
      *outs[i] = made[i].release();
    }
  });
}

}  // namespace rlx_mlx
