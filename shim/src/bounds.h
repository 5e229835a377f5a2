// Bounds of slices and windows, checked.
#pragma once

#include "internal.h"

namespace rlx_mlx {

struct Bounds {
  mx::Shape start;
  mx::Shape stop;
  mx::Shape strides;
  // What they cut out.
  mx::Shape shape;
};

// By Python's rules, one entry for each axis of `a`; strides NULL means 1.
Bounds bounds_of(const mx::array& a, const int* start, const int* stop, const int* strides, size_t count);

// The shape of a window that lies inside `a`.
mx::Shape window_of(const mx::array& a, const int* size, size_t count);

}  // namespace rlx_mlx
