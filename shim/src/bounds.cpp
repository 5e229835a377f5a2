#include "bounds.h"

#include <algorithm>
#include <cstdint>

#include "checks.h"

namespace rlx_mlx {

namespace {

// A bound on an axis, by Python's rules for a step of this sign; -1 stands before the first element.
int64_t bound(int value, int extent, bool backwards) {
  const int64_t counted = value < 0 ? int64_t{value} + extent : value;
  return backwards ? std::clamp<int64_t>(counted, -1, extent - 1) : std::clamp<int64_t>(counted, 0, extent);
}

}  // namespace

Bounds bounds_of(const mx::array& a, const int* start, const int* stop, const int* strides, size_t count) {
  const auto first = ints_of(start, count, "start");
  const auto end = ints_of(stop, count, "stop");
  const auto steps = strides ? ints_of(strides, count, "strides") : std::vector<int>(count, 1);
  check_count(count, a, "start and stop");
  Bounds b;
  for (size_t i = 0; i < count; ++i) {
    if (steps[i] == 0) {
      bad_shape("stride 0 on axis " + std::to_string(i));
    }
    const int extent = a.shape(i);
    const bool backwards = steps[i] < 0;
    const int64_t from = bound(first[i], extent, backwards);
    const int64_t to = bound(end[i], extent, backwards);
    // A longer step than the axis takes one element, as this one does; MLX adds steps to extents in 32 bits.
    const int step = std::clamp(steps[i], -std::max(extent, 1), std::max(extent, 1));
    const int64_t span = backwards ? from - to : to - from;
    const int64_t size = span <= 0 ? 0 : (span + std::abs(step) - 1) / std::abs(step);
    // MLX counts negative bounds from the end, so "before the first" is written as -extent - 1.
    const auto written = [&](int64_t v) { return static_cast<int>(v < 0 ? -int64_t{extent} - 1 : v); };
    b.start.push_back(size == 0 ? 0 : written(from));
    b.stop.push_back(size == 0 ? 0 : written(to));
    b.strides.push_back(size == 0 ? 1 : step);
    b.shape.push_back(static_cast<int>(size));
  }
  return b;
}

mx::Shape window_of(const mx::array& a, const int* size, size_t count) {
  const auto window = shape_of(size, count);
  check_count(count, a, "the window's shape");
  for (size_t i = 0; i < count; ++i) {
    if (window[i] > a.shape(i)) {
      bad_shape("a window of shape " + text(window) + " in an array of shape " + text(a.shape()));
    }
  }
  return window;
}

}  // namespace rlx_mlx
