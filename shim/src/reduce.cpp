#include <limits>

#include "checks.h"
#include "internal.h"
#include "mlx/ops.h"
#include "nothing.h"

using namespace rlx_mlx;

namespace {

// Refuses an axis without elements, over which there is no extreme.
void check_filled(const mx::array& a, const std::vector<int>& axes) {
  for (auto axis : axes) {
    if (a.shape(axis) == 0) {
      bad_shape("axis " + std::to_string(axis) + " has extent 0");
    }
  }
}

constexpr double NAN_VALUE = std::numeric_limits<double>::quiet_NaN();

// The empty result of a function for which MLX refuses every empty array, for an array that has no group.
mx::array no_group(const mx::array& a, const std::vector<int>& axes, bool keep, mx::Dtype dtype) {
  return mx::astype(of_nothing(mx::any(a, axes, keep, here())), dtype, here());
}

mx::array extreme(const mx::array& a, const std::vector<int>& axes, bool keep,
                  mx::array (*function)(const mx::array&, const std::vector<int>&, bool, mx::StreamOrDevice)) {
  check_filled(a, axes);
  return a.size() == 0 ? no_group(a, axes, keep, a.dtype()) : function(a, axes, keep, here());
}

mx::array reduced(const mx::array& a, rlx_mlx_reduce_t kind, const std::vector<int>& axes, bool keep,
                  mx::StreamOrDevice s) {
  if (axes.empty() && kind >= RLX_MLX_RED_SUM && kind <= RLX_MLX_RED_PROD) {
    return a;
  }
  switch (kind) {
    case RLX_MLX_RED_SUM: return unless_empty(a, mx::sum(a, axes, keep, s), 0.0);
    case RLX_MLX_RED_MEAN: return unless_empty(a, mx::mean(a, axes, keep, s), NAN_VALUE);
    case RLX_MLX_RED_MAX: return extreme(a, axes, keep, mx::max);
    case RLX_MLX_RED_MIN: return extreme(a, axes, keep, mx::min);
    case RLX_MLX_RED_PROD: return unless_empty(a, mx::prod(a, axes, keep, s), 1.0);
  }
  throw Failure(RLX_MLX_ERR_GENERIC, "unknown reduction " + std::to_string(static_cast<int>(kind)));
}

using Extreme = mx::array (*)(const mx::array&, int, bool, mx::StreamOrDevice);

mx::array place_of(const mx::array& a, int axis, bool keep, Extreme function) {
  const int at = axis_of(a, axis);
  check_filled(a, {at});
  return a.size() == 0 ? no_group(a, {at}, keep, mx::uint32) : function(a, at, keep, here());
}

}  // namespace

extern "C" {

int rlx_mlx_op_reduce(rlx_mlx_array_t* a, rlx_mlx_reduce_t kind, const int* axes, size_t n_axes, int keep_dim,
                      rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    return handle(reduced(x, kind, axes_of(x, axes, n_axes), keep_dim != 0, here()));
  });
}

int rlx_mlx_op_logsumexp(rlx_mlx_array_t* a, const int* axes, size_t n_axes, int keep_dim, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto s = here();
    const auto& x = in(a, "a");
    const auto list = axes_of(x, axes, n_axes);
    check_filled(x, list);
    const auto y = whole_number(x.dtype()) ? mx::astype(x, mx::float32, s) : x;
    if (y.size() == 0) {
      return handle(no_group(y, list, keep_dim != 0, y.dtype()));
    }
    return handle(list.empty() ? y : mx::logsumexp(y, list, keep_dim != 0, s));
  });
}

int rlx_mlx_op_var(rlx_mlx_array_t* a, const int* axes, size_t n_axes, int keep_dim, int ddof, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    return handle(unless_empty(x, mx::var(x, axes_of(x, axes, n_axes), keep_dim != 0, ddof, here()), NAN_VALUE));
  });
}

int rlx_mlx_op_std(rlx_mlx_array_t* a, const int* axes, size_t n_axes, int keep_dim, int ddof, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    return handle(unless_empty(x, mx::std(x, axes_of(x, axes, n_axes), keep_dim != 0, ddof, here()), NAN_VALUE));
  });
}

int rlx_mlx_op_all(rlx_mlx_array_t* a, const int* axes, size_t n_axes, int keep_dim, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    return handle(unless_empty(x, mx::all(x, axes_of(x, axes, n_axes), keep_dim != 0, here()), 1.0));
  });
}

int rlx_mlx_op_any(rlx_mlx_array_t* a, const int* axes, size_t n_axes, int keep_dim, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    return handle(unless_empty(x, mx::any(x, axes_of(x, axes, n_axes), keep_dim != 0, here()), 0.0));
  });
}

int rlx_mlx_op_argmax(rlx_mlx_array_t* a, int axis, int keep_dim, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(place_of(in(a, "a"), axis, keep_dim != 0, mx::argmax)); });
}

int rlx_mlx_op_argmin(rlx_mlx_array_t* a, int axis, int keep_dim, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(place_of(in(a, "a"), axis, keep_dim != 0, mx::argmin)); });
}

}  // extern "C"
