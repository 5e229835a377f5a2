#include <algorithm>
#include <cstdint>

#include "bounds.h"
#include "checks.h"
#include "indices.h"
#include "internal.h"
#include "mlx/ops.h"
#include "outputs.h"

using namespace rlx_mlx;

namespace {

void check_reshape(const mx::array& a, const mx::Shape& shape) {
  const auto open = std::count(shape.begin(), shape.end(), -1);
  uint64_t known = 1;
  for (auto extent : shape) {
    known *= extent == -1 ? 1 : static_cast<uint64_t>(extent);
  }
  const bool fits = open == 0 ? known == a.size() : open == 1 && known > 0 && a.size() % known == 0;
  // MLX infers 0 for the whole of an empty array, but not for a part of it.
  if (!fits || (open == 1 && a.size() == 0 && shape.size() > 1)) {
    bad_shape("shape " + text(a.shape()) + " cannot become " + text(shape));
  }
  if (open == 1) {
    extent_of(static_cast<int64_t>(a.size() / known));
  }
}

std::vector<mx::array> alike(rlx_mlx_array_t* const* arrays, size_t n, int axis, bool axis_may_differ) {
  auto list = arrays_of(arrays, n, "arrays");
  if (list.empty()) {
    bad_shape("no arrays");
  }
  int64_t sum = 0;
  for (const auto& a : list) {
    auto shape = a.shape();
    if (axis_may_differ && a.ndim() == list[0].ndim()) {
      sum += shape[axis];
      shape[axis] = list[0].shape(axis);
    }
    if (shape != list[0].shape()) {
      bad_shape("shapes " + text(list[0].shape()) + " and " + text(a.shape()) + " do not join");
    }
  }
  extent_of(sum);
  return list;
}

// Where an axis that is to be inserted goes.
int new_axis(int axis, size_t rank) {
  const int full = static_cast<int>(rank);
  if (axis < -full || axis >= full) {
    bad_shape("axis " + std::to_string(axis) + " of a result of rank " + std::to_string(full));
  }
  return axis < 0 ? axis + full : axis;
}

mx::array padded(const mx::array& a, const int* low, const int* high, size_t ndim, const mx::array& value) {
  const auto before = ints_of(low, ndim, "low");
  const auto behind = ints_of(high, ndim, "high");
  check_count(ndim, a, "low and high");
  if (value.ndim() != 0) {
    bad_shape("the pad value has shape " + text(value.shape()));
  }
  std::vector<std::pair<int, int>> widths;
  auto shape = a.shape();
  for (size_t i = 0; i < ndim; ++i) {
    if (before[i] < 0 || behind[i] < 0) {
      bad_shape("negative width on axis " + std::to_string(i));
    }
    shape[i] = extent_of(int64_t{shape[i]} + before[i] + behind[i]);
    widths.emplace_back(before[i], behind[i]);
  }
  fitting(shape);
  return mx::pad(a, widths, mx::astype(value, a.dtype(), here()), "constant", here());
}

}  // namespace

extern "C" {

int rlx_mlx_op_reshape(rlx_mlx_array_t* a, const int* new_shape, size_t ndim, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    const auto shape = shape_of(new_shape, ndim, -1);
    check_reshape(x, shape);
    return handle(mx::reshape(x, shape, here()));
  });
}

int rlx_mlx_op_flatten(rlx_mlx_array_t* a, int start_axis, int end_axis, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    if (x.ndim() == 0) {
      return handle(mx::reshape(x, {1}, here()));
    }
    const int first = axis_of(x, start_axis);
    const int last = axis_of(x, end_axis);
    if (first > last) {
      bad_shape("axis " + std::to_string(start_axis) + " lies behind axis " + std::to_string(end_axis));
    }
    int64_t extent = 1;
    for (int i = first; i <= last; ++i) {
      extent = extent_of(extent * x.shape(i));
    }
    return handle(mx::flatten(x, first, last, here()));
  });
}

int rlx_mlx_op_expand_dims(rlx_mlx_array_t* a, const int* axes, size_t n_axes, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    std::vector<int> places;
    for (auto axis : ints_of(axes, n_axes, "axes")) {
      places.push_back(new_axis(axis, x.ndim() + n_axes));
      if (std::count(places.begin(), places.end(), places.back()) > 1) {
        bad_shape("axis " + std::to_string(axis) + " is listed twice");
      }
    }
    return handle(mx::expand_dims(x, places, here()));
  });
}

int rlx_mlx_op_squeeze(rlx_mlx_array_t* a, const int* axes, size_t n_axes, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    const auto places = axes_of(x, axes, n_axes);
    for (auto axis : places) {
      if (x.shape(axis) != 1) {
        bad_shape("axis " + std::to_string(axis) + " has extent " + std::to_string(x.shape(axis)));
      }
    }
    return handle(places.empty() ? x : mx::squeeze(x, places, here()));
  });
}

int rlx_mlx_op_transpose(rlx_mlx_array_t* a, const int* perm, size_t ndim, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    check_count(ndim, x, "perm");
    return handle(mx::transpose(x, axes_of(x, perm, ndim), here()));
  });
}

int rlx_mlx_op_moveaxis(rlx_mlx_array_t* a, int source, int destination, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    return handle(mx::moveaxis(x, axis_of(x, source), axis_of(x, destination), here()));
  });
}

int rlx_mlx_op_swapaxes(rlx_mlx_array_t* a, int axis1, int axis2, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    return handle(mx::swapaxes(x, axis_of(x, axis1), axis_of(x, axis2), here()));
  });
}

int rlx_mlx_op_slice(rlx_mlx_array_t* a, const int* start, const int* stop, size_t ndim, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    const auto b = bounds_of(x, start, stop, nullptr, ndim);
    return handle(mx::slice(x, b.start, b.stop, b.strides, here()));
  });
}

int rlx_mlx_op_slice_strided(rlx_mlx_array_t* a, const int* start, const int* stop, const int* strides, size_t ndim,
                             rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    if (ndim > 0 && !strides) {
      throw Failure(RLX_MLX_ERR_NULL, "strides is NULL");
    }
    const auto b = bounds_of(x, start, stop, strides, ndim);
    return handle(mx::slice(x, b.start, b.stop, b.strides, here()));
  });
}

int rlx_mlx_op_slice_dynamic(rlx_mlx_array_t* a, rlx_mlx_array_t* start, const int* axes, size_t n_axes,
                             const int* size, size_t ndim, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto s = here();
    const auto& x = in(a, "a");
    const auto& first = in(start, "start");
    const auto places = axes_of(x, axes, n_axes);
    const auto window = window_of(x, size, ndim);
    const auto at = corner(first, x.shape(), window, places, s);
    return handle(mx::slice(x, at, places, window, s));
  });
}

int rlx_mlx_op_concat(rlx_mlx_array_t* const* arrays, size_t n, int axis, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto list = arrays_of(arrays, n, "arrays");
    if (list.empty()) {
      bad_shape("no arrays");
    }
    const int at = axis_of(list[0], axis);
    return handle(mx::concatenate(alike(arrays, n, at, true), at, here()));
  });
}

int rlx_mlx_op_stack(rlx_mlx_array_t* const* arrays, size_t n, int axis, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto list = alike(arrays, n, 0, false);
    return handle(mx::stack(list, new_axis(axis, list[0].ndim() + 1), here()));
  });
}

int rlx_mlx_op_split(rlx_mlx_array_t* a, int axis, rlx_mlx_array_t** outs, size_t n_outs) {
  return produce_many(__func__, outs, n_outs, [&] {
    const auto& x = in(a, "a");
    const int at = axis_of(x, axis);
    const int extent = x.shape(at);
    if (n_outs == 0 || n_outs > static_cast<size_t>(std::max(extent, 1)) || extent % static_cast<int>(n_outs) != 0) {
      bad_shape("extent " + std::to_string(extent) + " into " + std::to_string(n_outs) + " parts");
    }
    return mx::split(x, static_cast<int>(n_outs), at, here());
  });
}

int rlx_mlx_op_split_at(rlx_mlx_array_t* a, const int* places, size_t n_places, int axis, rlx_mlx_array_t** outs,
                        size_t n_outs) {
  return produce_many(__func__, outs, n_outs, [&] {
    const auto& x = in(a, "a");
    const int at = axis_of(x, axis);
    const auto cuts = ints_of(places, n_places, "places");
    if (n_outs != n_places + 1) {
      bad_shape(std::to_string(n_outs) + " outputs for " + std::to_string(n_places) + " places");
    }
    int last = 0;
    for (auto cut : cuts) {
      if (cut < last || cut > x.shape(at)) {
        bad_shape("place " + std::to_string(cut) + " on an axis of extent " + std::to_string(x.shape(at)));
      }
      last = cut;
    }
    return mx::split(x, mx::Shape(cuts.begin(), cuts.end()), at, here());
  });
}

int rlx_mlx_op_broadcast_to(rlx_mlx_array_t* a, const int* shape, size_t ndim, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    const auto target = shape_of(shape, ndim);
    check_broadcast(x.shape(), target);
    return handle(mx::broadcast_to(x, target, here()));
  });
}

int rlx_mlx_op_repeat(rlx_mlx_array_t* a, int repeats, int axis, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    const int at = axis_of(x, axis);
    auto shape = x.shape();
    shape[at] = extent_of(repeats < 0 ? -1 : int64_t{shape[at]} * repeats);
    fitting(shape);
    return handle(mx::repeat(x, repeats, at, here()));
  });
}

int rlx_mlx_op_tile(rlx_mlx_array_t* a, const int* reps, size_t n_reps, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    const auto counts = ints_of(reps, n_reps, "reps");
    const size_t rank = std::max(n_reps, x.ndim());
    mx::Shape shape(rank, 1);
    std::copy(x.shape().begin(), x.shape().end(), shape.end() - x.ndim());
    for (size_t i = 0; i < n_reps; ++i) {
      auto& extent = shape[rank - n_reps + i];
      extent = extent_of(counts[i] < 0 ? -1 : int64_t{extent} * counts[i]);
    }
    fitting(shape);
    return handle(mx::tile(x, counts, here()));
  });
}

int rlx_mlx_op_flip(rlx_mlx_array_t* a, const int* axes, size_t n_axes, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    const auto places = axes_of(x, axes, n_axes);
    return handle(places.empty() ? x : mx::flip(x, places, here()));
  });
}

int rlx_mlx_op_roll(rlx_mlx_array_t* a, const int* shifts, const int* axes, size_t n_axes, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    const auto places = axes_of(x, axes, n_axes);
    auto moves = ints_of(shifts, n_axes, "shifts");
    if (places.empty() || x.size() == 0) {
      return handle(x);
    }
    // MLX negates the shift and divides by the extent: reduced to 0 .. extent - 1, neither can fail.
    for (size_t i = 0; i < n_axes; ++i) {
      const int extent = x.shape(places[i]);
      moves[i] = (moves[i] % extent + extent) % extent;
    }
    return handle(mx::roll(x, mx::Shape(moves.begin(), moves.end()), places, here()));
  });
}

int rlx_mlx_op_pad(rlx_mlx_array_t* a, const int* low, const int* high, size_t ndim, float pad_value,
                   rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(padded(in(a, "a"), low, high, ndim, mx::array(pad_value))); });
}

int rlx_mlx_op_pad_value(rlx_mlx_array_t* a, const int* low, const int* high, size_t ndim, rlx_mlx_array_t* pad_value,
                         rlx_mlx_array_t** out) {
  return produce(__func__, out,
                 [&] { return handle(padded(in(a, "a"), low, high, ndim, in(pad_value, "pad_value"))); });
}

int rlx_mlx_op_as_strided(rlx_mlx_array_t* a, const int* shape, const int64_t* strides, size_t ndim, size_t offset,
                          rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    const auto extents = shape_of(shape, ndim);
    if (ndim > 0 && !strides) {
      throw Failure(RLX_MLX_ERR_NULL, "strides is NULL");
    }
    if (std::count(extents.begin(), extents.end(), 0) > 0) {
      return handle(mx::zeros(extents, x.dtype(), here()));
    }
    // The first and the last element that is reached; 128 bits hold every product.
    __int128 low = offset, high = offset;
    for (size_t i = 0; i < ndim; ++i) {
      const __int128 reach = static_cast<__int128>(strides[i]) * (extents[i] - 1);
      (reach < 0 ? low : high) += reach;
    }
    if (low < 0 || high >= static_cast<__int128>(x.size())) {
      bad_shape("the view reaches outside of the " + std::to_string(x.size()) + " elements");
    }
    return handle(mx::as_strided(x, extents, mx::Strides(strides, strides + ndim), offset, here()));
  });
}

int rlx_mlx_op_contiguous(rlx_mlx_array_t* a, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(mx::contiguous(in(a, "a"), false, here())); });
}

int rlx_mlx_op_copy(rlx_mlx_array_t* a, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(mx::copy(in(a, "a"), here())); });
}

}  // extern "C"
