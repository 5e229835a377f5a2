#include "checks.h"

#include <algorithm>
#include <limits>

namespace rlx_mlx {

void bad_shape(const std::string& message) {
  throw Failure(RLX_MLX_ERR_BAD_SHAPE, message);
}

void bad_dtype(const std::string& message) {
  throw Failure(RLX_MLX_ERR_BAD_DTYPE, message);
}

std::string text(const mx::Shape& shape) {
  std::string out = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    out += (i ? ", " : "") + std::to_string(shape[i]);
  }
  return out + "]";
}

void no_complex(const mx::array& a) {
  if (a.dtype() == mx::complex64) {
    bad_dtype("not defined for complex64");
  }
}

bool whole_number(mx::Dtype dtype) {
  return dtype == mx::bool_ || mx::issubdtype(dtype, mx::integer);
}

mx::Shape broadcast_of(const mx::Shape& a, const mx::Shape& b) {
  const size_t rank = std::max(a.size(), b.size());
  mx::Shape out(rank, 1);
  for (size_t i = 0; i < rank; ++i) {
    const int x = i < rank - a.size() ? 1 : a[i - (rank - a.size())];
    const int y = i < rank - b.size() ? 1 : b[i - (rank - b.size())];
    if (x != y && x != 1 && y != 1) {
      bad_shape("shapes " + text(a) + " and " + text(b) + " do not broadcast");
    }
    out[i] = x == 1 ? y : x;
  }
  return fitting(out);
}

void check_broadcast(const mx::Shape& shape, const mx::Shape& target) {
  if (broadcast_of(shape, target) != target) {
    bad_shape("shape " + text(shape) + " does not broadcast to " + text(target));
  }
}

std::vector<int> axes_of(const mx::array& a, const int* axes, size_t count) {
  std::vector<int> out;
  for (auto axis : ints_of(axes, count, "axes")) {
    out.push_back(axis_of(a, axis));
    if (std::count(out.begin(), out.end(), out.back()) > 1) {
      bad_shape("axis " + std::to_string(axis) + " is listed twice");
    }
  }
  return out;
}

void check_count(size_t count, const mx::array& a, const char* name) {
  if (count != a.ndim()) {
    bad_shape(std::to_string(count) + " entries in " + name + " for an array of rank " + std::to_string(a.ndim()));
  }
}

int extent_of(int64_t extent) {
  if (extent < 0 || extent > std::numeric_limits<int>::max()) {
    bad_shape("extent " + std::to_string(extent));
  }
  return static_cast<int>(extent);
}

mx::Shape fitting(const mx::Shape& shape) {
  return shape_of(shape.data(), shape.size());
}

}  // namespace rlx_mlx
