#include <algorithm>

#include "bounds.h"
#include "checks.h"
#include "indices.h"
#include "internal.h"
#include "mlx/ops.h"

using namespace rlx_mlx;

namespace {

mx::array combine(const mx::array& a, const mx::array& b, rlx_mlx_update_t mode, mx::StreamOrDevice s) {
  switch (mode) {
    case RLX_MLX_UPDATE_SET: return b;
    case RLX_MLX_UPDATE_ADD: return mx::add(a, b, s);
    case RLX_MLX_UPDATE_PROD: return mx::multiply(a, b, s);
    case RLX_MLX_UPDATE_MAX: return mx::maximum(a, b, s);
    case RLX_MLX_UPDATE_MIN: return mx::minimum(a, b, s);
  }
  throw Failure(RLX_MLX_ERR_GENERIC, "unknown mode " + std::to_string(static_cast<int>(mode)));
}

void check_mode(rlx_mlx_update_t mode) {
  if (mode < RLX_MLX_UPDATE_SET || mode > RLX_MLX_UPDATE_MIN) {
    throw Failure(RLX_MLX_ERR_GENERIC, "unknown mode " + std::to_string(static_cast<int>(mode)));
  }
}

// MLX's scatter, indices in range.
mx::array scattered(const mx::array& a, const std::vector<mx::array>& indices, const mx::array& updates,
                    const std::vector<int>& axes, rlx_mlx_update_t mode, mx::StreamOrDevice s) {
  switch (mode) {
    case RLX_MLX_UPDATE_SET: return mx::scatter(a, indices, updates, axes, s);
    case RLX_MLX_UPDATE_ADD: return mx::scatter_add(a, indices, updates, axes, s);
    case RLX_MLX_UPDATE_PROD: return mx::scatter_prod(a, indices, updates, axes, s);
    case RLX_MLX_UPDATE_MAX: return mx::scatter_max(a, indices, updates, axes, s);
    case RLX_MLX_UPDATE_MIN: return mx::scatter_min(a, indices, updates, axes, s);
  }
  throw Failure(RLX_MLX_ERR_GENERIC, "unknown mode " + std::to_string(static_cast<int>(mode)));
}

// Scatters windows of the trailing a.ndim() axes of `updates`, and drops those that reach outside. ADD and PROD have a
// neutral update, which then goes to index 0; for the other modes the indexed axes grow by a window to catch them,
// which costs no more than the copy that a scatter makes anyway.
mx::array scatter_windows(const mx::array& a, const std::vector<mx::array>& indices, const std::vector<int>& axes,
                          const mx::array& updates, rlx_mlx_update_t mode, mx::StreamOrDevice s) {
  if (a.size() == 0 || updates.size() == 0) {
    return a;
  }
  const size_t rank = updates.ndim() - a.ndim();
  auto change = mx::astype(updates, a.dtype(), s);
  const bool neutral = mode == RLX_MLX_UPDATE_ADD || mode == RLX_MLX_UPDATE_PROD;
  std::vector<mx::array> safe;
  std::vector<int> grown;
  mx::Shape widths;
  for (size_t i = 0; i < indices.size(); ++i) {
    const int extent = a.shape(axes[i]);
    const int window = updates.shape(static_cast<int>(rank) + axes[i]);
    const auto [index, inside] = places(indices[i], extent, window, s);
    safe.push_back(mx::where(inside, index, mx::array(neutral ? 0 : extent, index.dtype()), s));
    if (neutral) {
      auto shape = inside.shape();
      shape.insert(shape.end(), a.ndim(), 1);
      const auto nothing = mx::array(mode == RLX_MLX_UPDATE_ADD ? 0 : 1, a.dtype());
      change = mx::where(mx::reshape(inside, shape, s), change, nothing, s);
    } else {
      grown.push_back(axes[i]);
      widths.push_back(window);
      extent_of(int64_t{extent} + window);
    }
  }
  if (grown.empty()) {
    return scattered(a, safe, change, axes, mode, s);
  }
  const auto room = mx::pad(a, grown, mx::Shape(grown.size(), 0), widths, mx::array(0, a.dtype()), "constant", s);
  return mx::slice(scattered(room, safe, change, axes, mode, s), mx::Shape(a.ndim(), 0), a.shape(), s);
}

mx::array scatter_along(const mx::array& a, const mx::array& indices, const mx::array& updates, int axis,
                        rlx_mlx_update_t mode, mx::StreamOrDevice s) {
  const int at = axis_of(a, axis);
  if (indices.ndim() != a.ndim()) {
    bad_shape("indices of shape " + text(indices.shape()) + " for an array of shape " + text(a.shape()));
  }
  auto shape = a.shape();
  shape[at] = indices.shape(at);
  check_broadcast(indices.shape(), shape);
  check_broadcast(updates.shape(), shape);
  if (a.size() == 0 || indices.size() == 0) {
    integers(indices, s);
    return a;
  }
  const auto picks = mx::broadcast_to(indices, shape, s);
  const auto change = mx::broadcast_to(mx::astype(updates, a.dtype(), s), shape, s);
  if (mode == RLX_MLX_UPDATE_ADD) {
    const auto [index, inside] = places(picks, a.shape(at), 1, s);
    const auto safe = mx::where(inside, index, mx::array(0, index.dtype()), s);
    return mx::scatter_add_axis(a, safe, mx::where(inside, change, mx::array(0, a.dtype()), s), at, s);
  }
  // One-element windows, whose corners on the other axes are their own coordinates.
  std::vector<mx::array> corners;
  std::vector<int> axes;
  for (int i = 0; i < static_cast<int>(a.ndim()); ++i) {
    axes.push_back(i);
    mx::Shape line(a.ndim(), 1);
    line[i] = shape[i];
    corners.push_back(i == at ? picks : mx::reshape(mx::arange(shape[i], s), line, s));
  }
  auto windows = shape;
  windows.insert(windows.end(), a.ndim(), 1);
  return scatter_windows(a, corners, axes, mx::reshape(change, windows, s), mode, s);
}

}  // namespace

extern "C" {

int rlx_mlx_op_scatter_add(rlx_mlx_array_t* a, rlx_mlx_array_t* indices, rlx_mlx_array_t* updates, int axis,
                           rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto s = here();
    const auto& x = in(a, "a");
    const auto& picks = in(indices, "indices");
    const auto& changes = in(updates, "updates");
    const int at = axis_of(x, axis);
    auto without = picks.shape();
    auto with = picks.shape();
    for (int i = 0; i < static_cast<int>(x.ndim()); ++i) {
      with.push_back(i == at ? 1 : x.shape(i));
      if (i != at) {
        without.push_back(x.shape(i));
      }
    }
    if (changes.shape() != with && changes.shape() != without) {
      bad_shape("updates of shape " + text(changes.shape()) + " instead of " + text(without));
    }
    return handle(scatter_windows(x, {picks}, {at}, mx::reshape(changes, with, s), RLX_MLX_UPDATE_ADD, s));
  });
}

int rlx_mlx_op_scatter_add_axis(rlx_mlx_array_t* a, rlx_mlx_array_t* indices, rlx_mlx_array_t* updates, int axis,
                                rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    return handle(
        scatter_along(in(a, "a"), in(indices, "indices"), in(updates, "updates"), axis, RLX_MLX_UPDATE_ADD, here()));
  });
}

int rlx_mlx_op_scatter_axis(rlx_mlx_array_t* a, rlx_mlx_array_t* indices, rlx_mlx_array_t* updates, int axis,
                            rlx_mlx_update_t mode, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    check_mode(mode);
    return handle(scatter_along(in(a, "a"), in(indices, "indices"), in(updates, "updates"), axis, mode, here()));
  });
}

int rlx_mlx_op_scatter(rlx_mlx_array_t* a, rlx_mlx_array_t* const* indices, const int* axes, size_t n,
                       rlx_mlx_array_t* updates, rlx_mlx_update_t mode, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto s = here();
    const auto& x = in(a, "a");
    const auto list = arrays_of(indices, n, "indices");
    const auto at = axes_of(x, axes, n);
    const auto& changes = in(updates, "updates");
    check_mode(mode);
    mx::Shape shape;
    for (const auto& index : list) {
      integers(index, s);
      shape = broadcast_of(shape, index.shape());
    }
    const bool ranks = changes.ndim() == shape.size() + x.ndim();
    bool fits = ranks && std::equal(shape.begin(), shape.end(), changes.shape().begin());
    for (size_t i = 0; fits && i < x.ndim(); ++i) {
      fits = changes.shape(static_cast<int>(shape.size() + i)) <= x.shape(static_cast<int>(i)) || x.size() == 0;
    }
    if (!fits) {
      bad_shape("updates of shape " + text(changes.shape()) + " for indices of shape " + text(shape) +
                " and an array of shape " + text(x.shape()));
    }
    return handle(scatter_windows(x, list, at, changes, mode, s));
  });
}

int rlx_mlx_op_slice_update(rlx_mlx_array_t* a, rlx_mlx_array_t* update, const int* start, const int* stop,
                            const int* strides_or_null, size_t ndim, rlx_mlx_update_t mode, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto s = here();
    const auto& x = in(a, "a");
    const auto& change = in(update, "update");
    const auto b = bounds_of(x, start, stop, strides_or_null, ndim);
    check_mode(mode);
    check_broadcast(change.shape(), b.shape);
    const auto value = mx::astype(change, x.dtype(), s);
    switch (mode) {
      case RLX_MLX_UPDATE_ADD: return handle(mx::slice_update_add(x, value, b.start, b.stop, b.strides, s));
      case RLX_MLX_UPDATE_PROD: return handle(mx::slice_update_prod(x, value, b.start, b.stop, b.strides, s));
      case RLX_MLX_UPDATE_MAX: return handle(mx::slice_update_max(x, value, b.start, b.stop, b.strides, s));
      case RLX_MLX_UPDATE_MIN: return handle(mx::slice_update_min(x, value, b.start, b.stop, b.strides, s));
      default: return handle(mx::slice_update(x, value, b.start, b.stop, b.strides, s));
    }
  });
}

int rlx_mlx_op_slice_update_dynamic(rlx_mlx_array_t* a, rlx_mlx_array_t* update, rlx_mlx_array_t* start,
                                    const int* axes, size_t n_axes, rlx_mlx_update_t mode, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto s = here();
    const auto& x = in(a, "a");
    const auto& change = in(update, "update");
    const auto& first = in(start, "start");
    const auto places = axes_of(x, axes, n_axes);
    const auto window = window_of(x, change.shape().data(), change.ndim());
    check_mode(mode);
    const auto at = corner(first, x.shape(), window, places, s);
    auto value = mx::astype(change, x.dtype(), s);
    if (mode != RLX_MLX_UPDATE_SET) {
      value = combine(mx::slice(x, at, places, window, s), value, mode, s);
    }
    return handle(mx::slice_update(x, value, at, places, s));
  });
}

}  // extern "C"
