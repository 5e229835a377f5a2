// Elements as bytes: from host memory into an array, and back in row-major order.
#pragma once

#include "internal.h"

namespace rlx_mlx {

// Memory of MLX's allocator, or a failure. MLX's own CPU code never looks whether it got any.
mx::allocator::Data allocate(size_t nbytes);

// Whether `nbytes` bytes at `data` can be the elements of such an array.
void check_bytes(const mx::Shape& shape, mx::Dtype dtype, const void* data, size_t nbytes);

// A new array with a copy of them.
mx::array copy_in(mx::Shape shape, mx::Dtype dtype, const void* data, size_t nbytes);

// Copies bytes `offset` to `offset + nbytes` of the row-major elements of an evaluated array, whatever its strides.
void read_part(const mx::array& a, size_t offset, size_t nbytes, void* dst);

// Evaluates and copies all.
void read_all(mx::array a, void* dst);

}  // namespace rlx_mlx
