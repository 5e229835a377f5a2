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

// `planned`, which MLX makes of `a` and `b` with a matrix product, unless one of them has no element: then each element is a
// sum of nothing, if there is any.
//
// Before MLX's CPU kernels (Matmul, GatherMM, BlockMaskedMM) see that there is nothing to multiply, they have started to copy
// an operand that is not dense, and return without keeping the copy's memory until it is written. What another stream's
// evaluation puts there meanwhile is written over.
mx::array unless_nothing(const mx::array& a, const mx::array& b, const mx::array& planned);

}  // namespace rlx_mlx
