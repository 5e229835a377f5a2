// Primitives that give elements of their operands in other places: views, and copies.
#pragma once

#include <functional>
#include <vector>

#include "internal.h"
#include "mlx/primitives.h"

namespace rlx_mlx {

// Computes a primitive's result from operands that are there, on the thread that calls it.
using Movement = std::function<mx::array(std::vector<mx::array> operands)>;

// How a run computes the primitive itself, whose result has this shape and dtype; empty if it is none that moves elements.
Movement movement_of(const mx::Primitive& primitive, const mx::Shape& shape, mx::Dtype dtype);

}  // namespace rlx_mlx
