/* Arrays: making them from host memory, and reading them back. */
#ifndef RLX_MLX_ARRAY_H
#define RLX_MLX_ARRAY_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* Called once when the shim no longer needs borrowed memory, from any thread. */
typedef void (*rlx_mlx_release_fn)(void* context);

/* Bytes of one element; 0 for an unknown value. */
size_t rlx_mlx_dtype_size(rlx_mlx_dtype_t dtype);

/* An array from `nbytes` bytes of row-major elements, copied bit for bit. `data` needs no alignment and may be NULL
 * when `nbytes` is 0. BOOL bytes other than 0 become 1. */
int rlx_mlx_array_from_bytes(const int* shape, size_t ndim, const void* data, size_t nbytes, rlx_mlx_dtype_t dtype,
                             rlx_mlx_array_t** out);

/* The same over memory that the caller keeps unchanged until `release(context)`; used in place where the device can
 * read it and the alignment suits, copied (and released before return) otherwise. `release` is called exactly once,
 * also after a failure. */
int rlx_mlx_array_from_borrowed(const int* shape, size_t ndim, const void* data, size_t nbytes, rlx_mlx_dtype_t dtype,
                                rlx_mlx_release_fn release, void* context, rlx_mlx_array_t** out);

/* An array without data, to stand for an input while a function is traced (rlx_mlx_compile). */
int rlx_mlx_array_placeholder(const int* shape, size_t ndim, rlx_mlx_dtype_t dtype, rlx_mlx_array_t** out);

/* A scalar of `dtype` from a double (MLX: array(value, dtype)). */
int rlx_mlx_array_scalar(double value, rlx_mlx_dtype_t dtype, rlx_mlx_array_t** out);

/* Evaluates, then copies the elements row-major into `dst`. ERR_BAD_SHAPE when `dst_cap` is too small; `*out_nbytes`
 * tells the size in both cases and may not be NULL. */
int rlx_mlx_array_to_bytes(rlx_mlx_array_t* h, void* dst, size_t dst_cap, size_t* out_nbytes);

/* Frees a handle; NULL is allowed. */
void rlx_mlx_array_free(rlx_mlx_array_t* h);

/* A second handle to the same array. */
int rlx_mlx_array_clone(rlx_mlx_array_t* h, rlx_mlx_array_t** out);

/* Writes the rank to `*out_ndim`, then the extents to `out_shape`; ERR_BAD_SHAPE when `cap` is below the rank. */
int rlx_mlx_array_shape(rlx_mlx_array_t* h, int* out_shape, size_t cap, size_t* out_ndim);

/* Writes the element type; ERR_BAD_DTYPE for an MLX dtype without a value here (uint16, uint64). */
int rlx_mlx_array_dtype(rlx_mlx_array_t* h, rlx_mlx_dtype_t* out);

/* Handles alive in the process: arrays, compiled functions and streams. For leak checks. */
size_t rlx_mlx_live_handles(void);

RLX_MLX_C_END
#endif
