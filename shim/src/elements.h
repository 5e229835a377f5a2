// Elements as bytes: from host memory into an array, and back in row-major order.
#pragma once

#include "internal.h"

namespace rlx_mlx {

// Gives an array that has none yet memory for its elements, or fails: MLX's own CPU code never looks whether it got any.
// Where it matters, they begin with a cache line: MLX's CPU allocator would put them 8 bytes behind a multiple of 16, which
// vector code pays for.
void give_memory(mx::array& a);

// A new array with such memory, whose elements are not set.
mx::array uninitialised(mx::Shape shape, mx::Dtype dtype);

// Whether an array can be laid over `nbytes` bytes at `data`, on this device. Bytes of bools have to be checked, so those
// are copied.
bool can_borrow(mx::Dtype dtype, const void* data, size_t nbytes);

// Whether the bytes in front of `data` can be read. MLX's CPU allocator keeps the size of a buffer there, and looks at it
// when it makes an operand contiguous: over foreign memory it reads a number that has no bearing on results, but it has
// to be memory.
bool is_readable_in_front(const void* data);

// An array over such bytes, which are as many as its elements take. MLX never writes to them. `release` is called when
// no array refers to them any more.
mx::array borrowed(mx::Shape shape, mx::Dtype dtype, const void* data, mx::allocator::Deleter release);

// Whether `nbytes` bytes at `data` can be the elements of such an array.
void check_bytes(const mx::Shape& shape, mx::Dtype dtype, const void* data, size_t nbytes);

// A new array with a copy of them.
mx::array copy_in(mx::Shape shape, mx::Dtype dtype, const void* data, size_t nbytes);

// Copies bytes `offset` to `offset + nbytes` of the row-major elements of an evaluated array, whatever its strides.
void read_part(const mx::array& a, size_t offset, size_t nbytes, void* dst);

// A copy of an evaluated array in row-major order.
mx::array dense_copy(const mx::array& a);

// Evaluates and copies all.
void read_all(mx::array a, void* dst);

}  // namespace rlx_mlx
