#include "internal.h"
#include "mlx/ops.h"

using namespace rlx_mlx;

namespace {

// Index of the extreme value along `axis`. MLX refuses empty arrays, also where the result is as empty.
mx::array extreme(const mx::array& x, int axis, bool keep_dim,
                  mx::array (*find)(const mx::array&, int, bool, mx::StreamOrDevice)) {
  const int at = axis_of(x, axis);
  if (x.size() > 0 || x.shape(at) == 0) {
    return find(x, at, keep_dim, here());
  }
  auto shape = x.shape();
  if (keep_dim) {
    shape[at] = 1;
  } else {
    shape.erase(shape.begin() + at);
  }
  return mx::zeros(shape, mx::uint32, here());
}

}  // namespace

extern "C" {

int rlx_mlx_op_reduce(rlx_mlx_array_t* a, rlx_mlx_reduce_t kind, const int* axes, size_t n_axes, int keep_dim,
                      rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    const auto s = here();
    const auto list = ints_of(axes, n_axes, "axes");
    const bool keep = keep_dim != 0;
    switch (kind) {
      case RLX_MLX_RED_SUM: return handle(list.empty() ? x : mx::sum(x, list, keep, s));
      case RLX_MLX_RED_MEAN: return handle(list.empty() ? x : mx::mean(x, list, keep, s));
      case RLX_MLX_RED_MAX: return handle(list.empty() ? x : mx::max(x, list, keep, s));
      case RLX_MLX_RED_MIN: return handle(list.empty() ? x : mx::min(x, list, keep, s));
      case RLX_MLX_RED_PROD: return handle(list.empty() ? x : mx::prod(x, list, keep, s));
    }
    throw Failure(RLX_MLX_ERR_GENERIC, "unknown reduction " + std::to_string(static_cast<int>(kind)));
  });
}

int rlx_mlx_op_argmax(rlx_mlx_array_t* a, int axis, int keep_dim, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(extreme(in(a, "a"), axis, keep_dim != 0, mx::argmax)); });
}

int rlx_mlx_op_argmin(rlx_mlx_array_t* a, int axis, int keep_dim, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(extreme(in(a, "a"), axis, keep_dim != 0, mx::argmin)); });
}

int rlx_mlx_op_cumsum(rlx_mlx_array_t* a, int axis, int exclusive, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    return handle(mx::cumsum(x, axis_of(x, axis), false, exclusive == 0, here()));
  });
}

}  // extern "C"
