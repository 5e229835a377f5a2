// Index arrays made safe: MLX reads and writes wherever an index points.
#pragma once

#include "internal.h"

namespace rlx_mlx {

// As integers of at least 32 bits; floats are truncated, saturated at +-2^31.
mx::array integers(const mx::array& indices, mx::StreamOrDevice s);

// First elements of windows of `window` elements on an axis of `extent`, for reading: negative ones count from the end,
// then all are clamped so that the window lies inside (window <= extent).
mx::array clamped(const mx::array& indices, int extent, int window, mx::StreamOrDevice s);

// The same for writing: counted from 0, and whether the window lies inside.
struct Places {
  mx::array index;
  mx::array inside;
};
Places places(const mx::array& indices, int extent, int window, mx::StreamOrDevice s);

// A corner for MLX's dynamic slices: `start` has one number for each axis and is clamped to [0, extent - window]; i32.
mx::array corner(const mx::array& start, const mx::Shape& shape, const mx::Shape& window, const std::vector<int>& axes,
                 mx::StreamOrDevice s);

}  // namespace rlx_mlx
