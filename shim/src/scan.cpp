#include "internal.h"
#include "mlx/ops.h"
#include "nothing.h"

using namespace rlx_mlx;

namespace {

// Runs `function(a, axis)` with the axis counted from 0.
template <typename F>
int scanned(const char* name, rlx_mlx_array_t* a, int axis, rlx_mlx_array_t** out, F&& function) {
  return produce(name, out, [&] {
    const auto& x = in(a, "a");
    const auto y = function(x, axis_of(x, axis));
    return handle(unless_empty(x, y));
  });
}

}  // namespace

extern "C" {

int rlx_mlx_op_cumsum(rlx_mlx_array_t* a, int axis, int exclusive, rlx_mlx_array_t** out) {
  return scanned(__func__, a, axis, out,
                 [&](const mx::array& x, int at) { return mx::cumsum(x, at, false, exclusive == 0, here()); });
}

int rlx_mlx_op_cumsum_reverse(rlx_mlx_array_t* a, int axis, int exclusive, rlx_mlx_array_t** out) {
  return scanned(__func__, a, axis, out,
                 [&](const mx::array& x, int at) { return mx::cumsum(x, at, true, exclusive == 0, here()); });
}

int rlx_mlx_op_cumprod(rlx_mlx_array_t* a, int axis, int reverse, int exclusive, rlx_mlx_array_t** out) {
  return scanned(__func__, a, axis, out,
                 [&](const mx::array& x, int at) { return mx::cumprod(x, at, reverse != 0, exclusive == 0, here()); });
}

int rlx_mlx_op_cummax(rlx_mlx_array_t* a, int axis, int reverse, int exclusive, rlx_mlx_array_t** out) {
  return scanned(__func__, a, axis, out,
                 [&](const mx::array& x, int at) { return mx::cummax(x, at, reverse != 0, exclusive == 0, here()); });
}

int rlx_mlx_op_cummin(rlx_mlx_array_t* a, int axis, int reverse, int exclusive, rlx_mlx_array_t** out) {
  return scanned(__func__, a, axis, out,
                 [&](const mx::array& x, int at) { return mx::cummin(x, at, reverse != 0, exclusive == 0, here()); });
}

int rlx_mlx_op_logcumsumexp(rlx_mlx_array_t* a, int axis, int reverse, int exclusive, rlx_mlx_array_t** out) {
  return scanned(__func__, a, axis, out, [&](const mx::array& x, int at) {
    return mx::logcumsumexp(x, at, reverse != 0, exclusive == 0, here());
  });
}

}  // extern "C"
