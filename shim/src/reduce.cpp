#include "checks.h"
#include "internal.h"
#include "mlx/ops.h"

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

mx::array reduced(const mx::array& a, rlx_mlx_reduce_t kind, const std::vector<int>& axes, bool keep,
                  mx::StreamOrDevice s) {
  switch (kind) {
    case RLX_MLX_RED_SUM: return axes.empty() ? a : mx::sum(a, axes, keep, s);
    case RLX_MLX_RED_MEAN: return axes.empty() ? a : mx::mean(a, axes, keep, s);
    case RLX_MLX_RED_MAX: check_filled(a, axes); return axes.empty() ? a : mx::max(a, axes, keep, s);
    case RLX_MLX_RED_MIN: check_filled(a, axes); return axes.empty() ? a : mx::min(a, axes, keep, s);
    case RLX_MLX_RED_PROD: return axes.empty() ? a : mx::prod(a, axes, keep, s);
  }
  throw Failure(RLX_MLX_ERR_GENERIC, "unknown reduction " + std::to_string(static_cast<int>(kind)));
}

using Extreme = mx::array (*)(const mx::array&, int, bool, mx::StreamOrDevice);

mx::array place_of(const mx::array& a, int axis, bool keep, Extreme function) {
  const int at = axis_of(a, axis);
  check_filled(a, {at});
  if (a.size() == 0) {
    // MLX refuses every empty array; here no group exists to have an extreme, and the result is empty as well.
    return mx::astype(mx::any(a, at, keep, here()), mx::uint32, here());
  }
  return function(a, at, keep, here());
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
      return handle(mx::sum(y, list, keep_dim != 0, s));
    }
    return handle(list.empty() ? y : mx::logsumexp(y, list, keep_dim != 0, s));
  });
}

int rlx_mlx_op_var(rlx_mlx_array_t* a, const int* axes, size_t n_axes, int keep_dim, int ddof, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    return handle(mx::var(x, axes_of(x, axes, n_axes), keep_dim != 0, ddof, here()));
  });
}

int rlx_mlx_op_std(rlx_mlx_array_t* a, const int* axes, size_t n_axes, int keep_dim, int ddof, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    return handle(mx::std(x, axes_of(x, axes, n_axes), keep_dim != 0, ddof, here()));
  });
}

int rlx_mlx_op_all(rlx_mlx_array_t* a, const int* axes, size_t n_axes, int keep_dim, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    return handle(mx::all(x, axes_of(x, axes, n_axes), keep_dim != 0, here()));
  });
}

int rlx_mlx_op_any(rlx_mlx_array_t* a, const int* axes, size_t n_axes, int keep_dim, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    return handle(mx::any(x, axes_of(x, axes, n_axes), keep_dim != 0, here()));
  });
}

int rlx_mlx_op_argmax(rlx_mlx_array_t* a, int axis, int keep_dim, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(place_of(in(a, "a"), axis, keep_dim != 0, mx::argmax)); });
}

int rlx_mlx_op_argmin(rlx_mlx_array_t* a, int axis, int keep_dim, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(place_of(in(a, "a"), axis, keep_dim != 0, mx::argmin)); });
}

}  // extern "C"
