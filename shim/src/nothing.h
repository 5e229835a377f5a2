// Results over operands without elements. MLX plans a reduction over the axes of an operand that is strided in memory by
// those that have more than one element: where none is left, its kernel reads outside of the array, or never ends.
#pragma once

#include "internal.h"

namespace rlx_mlx {

// What `planned` would be, each element `value`: it is asked for its shape and dtype and never computed. An empty result
// takes any value.
mx::array of_nothing(const mx::array& planned, double value = 0.0);

// `y`, which MLX makes of `x` with a reduction, unless `x` has no element: then each element of `y` is `of_none`.
mx::array unless_empty(const mx::array& x, const mx::array& y, double of_none = 0.0);

}  // namespace rlx_mlx
