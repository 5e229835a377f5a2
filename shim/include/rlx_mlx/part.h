/* Parts of evaluated arrays: reading, overwriting and copying ranges of elements without moving the rest. */
#ifndef RLX_MLX_PART_H
#define RLX_MLX_PART_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* A range of elements, counted row-major. */
typedef struct rlx_mlx_segment_s {
  size_t source; /* first element where it comes from */
  size_t target; /* first element where it goes */
  size_t len;    /* number of elements */
} rlx_mlx_segment_t;

/* The functions that change an array make `h` the changed one; other handles and graphs keep the old values. Nothing
 * but the part is moved when `h` alone refers to memory of MLX's own; otherwise the whole array is copied first.
 * `*out_moved` tells the bytes that were moved on the device, without those that came from `data`; it may be NULL.
 *
 * `in_host_memory` nonzero writes with the processor, which is right where the device computes in host memory and
 * nothing of its is under way; 0 makes slice updates on the stream that the thread has entered, and evaluates them
 * (MLX: slice_update). Should that evaluation fail, a scalar 0 is left in `h`. */

/* Copies `nbytes` bytes from byte `offset` of the row-major elements into `dst`, whatever the strides. ERR_BAD_SHAPE
 * when they lie beyond the end. A lazy array is evaluated. */
int rlx_mlx_part_read(rlx_mlx_array_t* h, size_t offset, void* dst, size_t nbytes);

/* Overwrites `nbytes` bytes from byte `offset` on. ERR_BAD_SHAPE when they lie beyond the end. */
int rlx_mlx_part_write(rlx_mlx_array_t* h, size_t offset, const void* data, size_t nbytes, int in_host_memory,
                       size_t* out_moved);

/* Copies segments of `source`, which has the same dtype, into `h`, one after the other; `source` may be `h` itself.
 * ERR_BAD_SHAPE when one lies beyond an end, ERR_BAD_DTYPE for another dtype; then nothing is changed. */
int rlx_mlx_part_copy(rlx_mlx_array_t* h, rlx_mlx_array_t* source, const rlx_mlx_segment_t* segments, size_t n_segments,
                      int in_host_memory, size_t* out_moved);

RLX_MLX_C_END
#endif
