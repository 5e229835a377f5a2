#include "indices.h"

#include "checks.h"
#include "mlx/ops.h"

namespace rlx_mlx {

mx::array integers(const mx::array& indices, mx::StreamOrDevice s) {
  const auto type = indices.dtype();
  if (type == mx::complex64) {
    bad_dtype("indices are complex64");
  }
  if (whole_number(type)) {
    return mx::size_of(type) < 4 ? mx::astype(indices, mx::int32, s) : indices;
  }
  // Extents have 31 bits, and 2^31 is exact in f32; so a larger number stays out of range without overflowing.
  const auto wide = type == mx::float64 ? type : mx::float32;
  const auto bound = [&](double v) { return mx::array(v, wide); };
  return mx::astype(mx::clip(mx::astype(indices, wide, s), bound(-2147483648.0), bound(2147483648.0), s), mx::int64, s);
}

mx::array clamped(const mx::array& indices, int extent, int window, mx::StreamOrDevice s) {
  const auto index = integers(indices, s);
  const auto scalar = [&](int v) { return mx::array(v, index.dtype()); };
  const int last = extent - window;
  if (!mx::issubdtype(index.dtype(), mx::signedinteger)) {
    return mx::minimum(index, scalar(last), s);
  }
  if (window == 1) {
    // MLX itself counts negative indices from the end.
    return mx::clip(index, scalar(-extent), scalar(last), s);
  }
  const auto wrapped = mx::where(mx::less(index, scalar(0), s), mx::add(index, scalar(extent), s), index, s);
  return mx::clip(wrapped, scalar(0), scalar(last), s);
}

Places places(const mx::array& indices, int extent, int window, mx::StreamOrDevice s) {
  auto index = integers(indices, s);
  const auto scalar = [&](int v) { return mx::array(v, index.dtype()); };
  if (!mx::issubdtype(index.dtype(), mx::signedinteger)) {
    return {index, mx::less_equal(index, scalar(extent - window), s)};
  }
  index = mx::where(mx::less(index, scalar(0), s), mx::add(index, scalar(extent), s), index, s);
  const auto above = mx::greater_equal(index, scalar(0), s);
  return {index, mx::logical_and(above, mx::less_equal(index, scalar(extent - window), s), s)};
}

mx::array corner(const mx::array& start, const mx::Shape& shape, const mx::Shape& window, const std::vector<int>& axes,
                 mx::StreamOrDevice s) {
  const auto count = static_cast<int>(axes.size());
  if (start.ndim() > 1 || start.size() != axes.size()) {
    bad_shape("start of shape " + text(start.shape()) + " for " + std::to_string(count) + " axes");
  }
  std::vector<int64_t> limits;
  for (auto axis : axes) {
    limits.push_back(shape[axis] - window[axis]);
  }
  const auto numbers = mx::astype(mx::reshape(integers(start, s), {count}, s), mx::int64, s);
  const auto high = mx::array(limits.begin(), {count}, mx::int64);
  return mx::astype(mx::clip(numbers, mx::array(int64_t{0}, mx::int64), high, s), mx::int32, s);
}

}  // namespace rlx_mlx
