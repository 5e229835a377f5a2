#include "bounds.h"
#include "checks.h"
#include "indices.h"
#include "internal.h"
#include "mlx/ops.h"

using namespace rlx_mlx;

namespace {

void check_filled(const mx::array& a, int axis, const mx::array& indices) {
  if (a.shape(axis) == 0 && indices.size() > 0) {
    bad_shape("indices into axis " + std::to_string(axis) + ", which is empty");
  }
}

}  // namespace

extern "C" {

int rlx_mlx_op_take(rlx_mlx_array_t* a, rlx_mlx_array_t* indices, int axis, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto s = here();
    const auto& x = in(a, "a");
    const auto& picks = in(indices, "indices");
    const int at = axis_of(x, axis);
    check_filled(x, at, picks);
    return handle(mx::take(x, clamped(picks, x.shape(at), 1, s), at, s));
  });
}

int rlx_mlx_op_take_along_axis(rlx_mlx_array_t* a, rlx_mlx_array_t* indices, int axis, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto s = here();
    const auto& x = in(a, "a");
    const auto& picks = in(indices, "indices");
    const int at = axis_of(x, axis);
    if (picks.ndim() != x.ndim()) {
      bad_shape("indices of shape " + text(picks.shape()) + " for an array of shape " + text(x.shape()));
    }
    check_filled(x, at, picks);
    auto others = picks.shape();
    others[at] = x.shape(at);
    broadcast_of(x.shape(), others);
    return handle(mx::take_along_axis(x, clamped(picks, x.shape(at), 1, s), at, s));
  });
}

int rlx_mlx_op_gather(rlx_mlx_array_t* a, rlx_mlx_array_t* const* indices, const int* axes, size_t n, const int* sizes,
                      size_t ndim, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto s = here();
    const auto& x = in(a, "a");
    const auto list = arrays_of(indices, n, "indices");
    const auto places = axes_of(x, axes, n);
    const auto window = window_of(x, sizes, ndim);
    std::vector<mx::array> corners;
    mx::Shape shape;
    for (size_t i = 0; i < n; ++i) {
      check_filled(x, places[i], list[i]);
      shape = broadcast_of(shape, list[i].shape());
      corners.push_back(clamped(list[i], x.shape(places[i]), window[places[i]], s));
    }
    shape.insert(shape.end(), window.begin(), window.end());
    fitting(shape);
    return handle(mx::gather(x, corners, places, window, s));
  });
}

}  // extern "C"
