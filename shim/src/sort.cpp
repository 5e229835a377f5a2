#include <memory>

#include "checks.h"
#include "internal.h"
#include "mlx/ops.h"

using namespace rlx_mlx;

namespace {

mx::array sorted(const mx::array& a, int axis, bool descending, mx::StreamOrDevice s) {
  const auto up = mx::sort(a, axis, s);
  return descending ? mx::flip(up, axis, s) : up;
}

mx::array order(const mx::array& a, int axis, bool descending, mx::StreamOrDevice s) {
  if (!descending) {
    return mx::argsort(a, axis, s);
  }
  // Equal elements keep their order when it is turned around before and after.
  const auto turned = mx::flip(mx::argsort(mx::flip(a, axis, s), axis, s), axis, s);
  return mx::subtract(mx::array(a.shape(axis) - 1, mx::uint32), turned, s);
}

mx::array first(const mx::array& a, int axis, int count, mx::StreamOrDevice s) {
  auto stop = a.shape();
  stop[axis] = count;
  return mx::slice(a, mx::Shape(a.ndim(), 0), stop, s);
}

int check_k(const mx::array& a, int k, int axis) {
  const int at = axis_of(a, axis);
  if (k < 0 || k > a.shape(at)) {
    bad_shape("the " + std::to_string(k) + " largest of " + std::to_string(a.shape(at)));
  }
  return at;
}

int check_kth(const mx::array& a, int kth, int axis) {
  const int at = axis_of(a, axis);
  if (kth < -a.shape(at) || kth >= a.shape(at)) {
    bad_shape("rank " + std::to_string(kth) + " of " + std::to_string(a.shape(at)));
  }
  return at;
}

}  // namespace

extern "C" {

int rlx_mlx_op_sort(rlx_mlx_array_t* a, int axis, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    return handle(sorted(x, axis_of(x, axis), false, here()));
  });
}

int rlx_mlx_op_sort_by(rlx_mlx_array_t* a, int axis, int descending, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    return handle(sorted(x, axis_of(x, axis), descending != 0, here()));
  });
}

int rlx_mlx_op_argsort(rlx_mlx_array_t* a, int axis, int descending, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    return handle(order(x, axis_of(x, axis), descending != 0, here()));
  });
}

int rlx_mlx_op_topk_values(rlx_mlx_array_t* a, int k, int axis, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto s = here();
    const auto& x = in(a, "a");
    const int at = check_k(x, k, axis);
    // MLX's topk leaves the order open; what is left to sort is short.
    return handle(sorted(k == x.shape(at) ? x : mx::topk(x, k, at, s), at, true, s));
  });
}

int rlx_mlx_op_topk(rlx_mlx_array_t* a, int k, int axis, rlx_mlx_array_t** out_values, rlx_mlx_array_t** out_indices) {
  if (out_values) {
    *out_values = nullptr;
  }
  return produce(__func__, out_indices, [&] {
    const auto s = here();
    const auto& x = in(a, "a");
    if (!out_values) {
      throw Failure(RLX_MLX_ERR_NULL, "out_values is NULL");
    }
    const int at = check_k(x, k, axis);
    const auto places = first(order(x, at, true, s), at, k, s);
    const auto values = mx::take_along_axis(x, places, at, s);
    std::unique_ptr<rlx_mlx_array_t> indices(handle(places));
    *out_values = handle(values);
    return indices.release();
  });
}

int rlx_mlx_op_partition(rlx_mlx_array_t* a, int kth, int axis, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    return handle(mx::partition(x, kth, check_kth(x, kth, axis), here()));
  });
}

int rlx_mlx_op_argpartition(rlx_mlx_array_t* a, int kth, int axis, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    return handle(mx::argpartition(x, kth, check_kth(x, kth, axis), here()));
  });
}

int rlx_mlx_op_searchsorted(rlx_mlx_array_t* sorted, rlx_mlx_array_t* values, int right, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& sequence = in(sorted, "sorted");
    const auto& wanted = in(values, "values");
    if (sequence.ndim() != 1) {
      bad_shape("sorted has rank " + std::to_string(sequence.ndim()) + " instead of 1");
    }
    return handle(mx::searchsorted(sequence, wanted, right ? "right" : "left", here()));
  });
}

}  // extern "C"
