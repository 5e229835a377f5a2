/* Evaluation and streams. */
#ifndef RLX_MLX_STREAM_H
#define RLX_MLX_STREAM_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* Evaluates all listed arrays in one batch; blocks. `n` 0 succeeds (MLX: eval). */
int rlx_mlx_eval(rlx_mlx_array_t* const* handles, size_t n);

/* A stream on `device` that any thread may use (MLX: new_thread_unsafe_stream); use by two threads at once is the
 * caller's error. MLX never frees a stream, so keep and share them. */
int rlx_mlx_stream_new(rlx_mlx_device_t device, rlx_mlx_stream_t** out);

/* Frees the handle, not MLX's stream; NULL is allowed. */
void rlx_mlx_stream_free(rlx_mlx_stream_t* stream);

/* Places the ops that this thread makes from now on, and its evaluations, on `stream`; NULL returns to the default. */
int rlx_mlx_stream_enter(rlx_mlx_stream_t* stream);

RLX_MLX_C_END
#endif
