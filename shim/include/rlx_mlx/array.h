/* Arrays: making them from host memory, reading them back, and asking about them. */
#ifndef RLX_MLX_ARRAY_H
#define RLX_MLX_ARRAY_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* Called once when the shim no longer needs what `context` stands for, from any thread. */
typedef void (*rlx_mlx_release_fn)(void* context);

/* Bytes of one element; 0 for an unknown value. */
size_t rlx_mlx_dtype_size(rlx_mlx_dtype_t dtype);

/* An array from `nelems` row-major f32 elements, copied, and converted to `dtype` lazily (MLX: astype). Integers above
 * 2^24 and f64 detail do not fit into f32: use rlx_mlx_array_from_bytes for them. ERR_BAD_SHAPE unless `nelems` is the
 * product of the shape. */
int rlx_mlx_array_from_data(const int* shape, size_t ndim, const float* data, size_t nelems, rlx_mlx_dtype_t dtype,
                            rlx_mlx_array_t** out);

/* An array from `nbytes` bytes of row-major elements, copied bit for bit. `data` needs no alignment and may be NULL
 * when `nbytes` is 0. BOOL bytes other than 0 become 1. */
int rlx_mlx_array_from_bytes(const int* shape, size_t ndim, const void* data, size_t nbytes, rlx_mlx_dtype_t dtype,
                             rlx_mlx_array_t** out);

/* The same over memory that the caller keeps unchanged until `release(context)`; used in place where the device can
 * read it, the alignment suits and it does not begin with a page, copied (and released before return) otherwise.
 * `release` is called exactly once, also after a failure. */
int rlx_mlx_array_from_borrowed(const int* shape, size_t ndim, const void* data, size_t nbytes, rlx_mlx_dtype_t dtype,
                                rlx_mlx_release_fn release, void* context, rlx_mlx_array_t** out);

/* An array without data, to stand for an input while a function is traced. */
int rlx_mlx_array_placeholder(const int* shape, size_t ndim, rlx_mlx_dtype_t dtype, rlx_mlx_array_t** out);

/* A scalar of `dtype` from a double (MLX: array(value, dtype)). */
int rlx_mlx_array_scalar(double value, rlx_mlx_dtype_t dtype, rlx_mlx_array_t** out);

/* Evaluates, then copies the elements row-major into `dst`. ERR_BAD_SHAPE when `dst_cap` is too small; `*out_nbytes`
 * tells the size in both cases and may not be NULL. */
int rlx_mlx_array_to_bytes(rlx_mlx_array_t* h, void* dst, size_t dst_cap, size_t* out_nbytes);

/* The same converted to f32, for any real dtype; `nelems` is the room in `dst`. ERR_BAD_SHAPE, before evaluation, when
 * it is too small; ERR_BAD_DTYPE for complex64. */
int rlx_mlx_array_to_f32(rlx_mlx_array_t* h, float* dst, size_t nelems);

/* Evaluates an array of one element and reads it. A 64-bit integer above 2^53 is rounded in f64. ERR_BAD_SHAPE for
 * another number of elements; ERR_BAD_DTYPE for complex64, and for floats in the integer form. */
int rlx_mlx_array_item_f64(rlx_mlx_array_t* h, double* out);
int rlx_mlx_array_item_i64(rlx_mlx_array_t* h, int64_t* out);

/* Frees a handle; NULL is allowed. */
void rlx_mlx_array_free(rlx_mlx_array_t* h);

/* A second handle to the same array. */
int rlx_mlx_array_clone(rlx_mlx_array_t* h, rlx_mlx_array_t** out);

/* Writes the rank to `*out_ndim`, then the extents to `out_shape`; ERR_BAD_SHAPE when `cap` is below the rank. */
int rlx_mlx_array_shape(rlx_mlx_array_t* h, int* out_shape, size_t cap, size_t* out_ndim);

/* Number of axes, of elements, and of bytes that the elements take row-major. None evaluates. */
int rlx_mlx_array_ndim(rlx_mlx_array_t* h, size_t* out);
int rlx_mlx_array_size(rlx_mlx_array_t* h, size_t* out);
int rlx_mlx_array_nbytes(rlx_mlx_array_t* h, size_t* out);

/* Writes the element type; ERR_BAD_DTYPE for an MLX dtype without a value here (uint16, uint64), as a file may hold. */
int rlx_mlx_array_dtype(rlx_mlx_array_t* h, rlx_mlx_dtype_t* out);

/* How the elements lie in memory. A lazy array has no layout yet, so both evaluate: the distance between neighbours on
 * each axis, in elements (buffers as for rlx_mlx_array_shape); 1 when the elements are dense and row-major, else 0. */
int rlx_mlx_array_strides(rlx_mlx_array_t* h, int64_t* out_strides, size_t cap, size_t* out_ndim);
int rlx_mlx_array_is_contiguous(rlx_mlx_array_t* h, int* out);

/* Writes 1 when the elements of two arrays lie in one allocation, as those of an array and of a view of it do, else 0.
 * Evaluates both. */
int rlx_mlx_array_shares_memory(rlx_mlx_array_t* a, rlx_mlx_array_t* b, int* out);

/* Handles alive in the process: arrays, compiled functions, streams and so on. For leak checks. */
size_t rlx_mlx_live_handles(void);

RLX_MLX_C_END
#endif
