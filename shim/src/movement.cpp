#include "movement.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <tuple>

#include "elements.h"

namespace rlx_mlx {

namespace {

// Names of primitives that give the elements of a dense operand, in their order, as an array of another shape.
constexpr std::string_view RESHAPES[] = {"Contiguous", "ExpandDims", "Flatten", "Reshape", "Squeeze", "Unflatten"};

// Whether elements lie one behind the other when the axes are visited in this order, the fastest first.
template <typename Axes>
bool is_dense(const mx::Shape& shape, const mx::Strides& strides, const Axes& axes) {
  int64_t expected = 1;
  for (auto axis : axes) {
    if (shape[axis] != 1 && strides[axis] != expected) {
      return false;
    }
    expected *= shape[axis];
  }
  return true;
}

// An array of this shape over the memory of `from`, whose elements are so far apart and begin `offset` behind its own.
mx::array view(const mx::array& from, const mx::Shape& shape, const mx::Strides& strides, int64_t offset) {
  mx::array to(shape, from.dtype(), nullptr, {});
  std::vector<size_t> forwards(shape.size());
  size_t reach = 1;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    forwards[axis] = axis;
    reach += static_cast<size_t>(std::max(shape[axis] - 1, 0)) * static_cast<size_t>(std::abs(strides[axis]));
  }
  const std::vector<size_t> backwards(forwards.rbegin(), forwards.rend());
  const bool by_rows = is_dense(shape, strides, backwards), by_columns = is_dense(shape, strides, forwards);
  const bool is_contiguous = by_rows || by_columns;
  to.copy_shared_buffer(from, strides, {is_contiguous, by_rows, by_columns}, is_contiguous ? to.size() : reach, offset);
  to.set_status(mx::array::Status::available);
  return to;
}

mx::Strides dense_strides(const mx::Shape& shape) {
  mx::Strides strides(shape.size());
  int64_t stride = 1;
  for (size_t axis = shape.size(); axis-- > 0;) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

mx::array reshaped(mx::array from, const mx::Shape& shape) {
  if (!from.flags().row_contiguous) {
    from = dense_copy(from);
  }
  return view(from, shape, dense_strides(shape), 0);
}

mx::array sliced(const mx::array& from, const mx::Shape& shape, const mx::Shape& starts, const mx::Shape& steps) {
  mx::Strides strides(shape.size());
  int64_t offset = 0;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    strides[axis] = from.strides()[axis] * steps[axis];
    offset += from.strides()[axis] * starts[axis];
  }
  return view(from, shape, strides, offset);
}

mx::array transposed(const mx::array& from, const mx::Shape& shape, const std::vector<int>& axes) {
  mx::Strides strides(shape.size());
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    strides[axis] = from.strides()[static_cast<size_t>(axes[axis])];
  }
  return view(from, shape, strides, 0);
}

mx::array broadcast(const mx::array& from, const mx::Shape& shape) {
  mx::Strides strides(shape.size(), 0);
  const size_t more = shape.size() - from.ndim();
  for (size_t axis = 0; axis < from.ndim(); ++axis) {
    if (from.shape()[axis] == shape[more + axis]) {
      strides[more + axis] = from.strides()[axis];
    }
  }
  return view(from, shape, strides, 0);
}

// The axis along which parts of an array lie: no part but an empty one is as long there as the whole, unless it is all of it.
size_t axis_of(const std::vector<mx::array>& parts, const mx::Shape& whole) {
  for (const auto& a : parts) {
    for (size_t axis = 0; a.size() > 0 && axis < whole.size(); ++axis) {
      if (a.shape()[axis] != whole[axis]) {
        return axis;
      }
    }
  }
  return 0;
}

mx::array concatenated(const std::vector<mx::array>& from, const mx::Shape& shape, mx::Dtype dtype) {
  auto to = uninitialised(shape, dtype);
  const size_t axis = axis_of(from, shape);
  size_t rows = 1, row = mx::size_of(dtype);
  for (size_t i = 0; i < shape.size(); ++i) {
    (i < axis ? rows : row) *= static_cast<size_t>(shape[i]);
  }
  size_t before = 0;
  for (const auto& a : from) {
    if (a.size() == 0) {
      continue;
    }
    const auto dense = a.flags().row_contiguous ? a : dense_copy(a);
    const size_t part = dense.nbytes() / rows;
    for (size_t i = 0; i < rows; ++i) {
      std::memcpy(to.data<char>() + i * row + before, dense.data<char>() + i * part, part);
    }
    before += part;
  }
  return to;
}

}  // namespace

Movement movement_of(const mx::Primitive& primitive, const mx::Shape& shape, mx::Dtype dtype) {
  const std::string_view name = primitive.name();
  Movement move;
  if (std::find(std::begin(RESHAPES), std::end(RESHAPES), name) != std::end(RESHAPES)) {
    move = [shape](auto from) { return reshaped(std::move(from.front()), shape); };
  } else if (name == "Slice") {
    auto [starts, ends, steps] = static_cast<const mx::Slice&>(primitive).state();
    move = [shape, starts, steps](auto from) { return sliced(from.front(), shape, starts, steps); };
  } else if (name == "Transpose") {
    auto axes = static_cast<const mx::Transpose&>(primitive).state();
    move = [shape, axes](auto from) { return transposed(from.front(), shape, axes); };
  } else if (name == "Broadcast") {
    move = [shape](auto from) { return broadcast(from.front(), shape); };
  } else if (name == "Concatenate") {
    move = [shape, dtype](auto from) { return concatenated(from, shape, dtype); };
  } else {
    return nullptr;
  }
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) {
    return [shape, dtype](auto) { return uninitialised(shape, dtype); };
  }
  return move;
}

}  // namespace rlx_mlx
