/* Evaluation and streams. */
#ifndef RLX_MLX_STREAM_H
#define RLX_MLX_STREAM_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* Evaluates all listed arrays in one batch; blocks. `n` 0 succeeds. Failures that MLX meets only now (a singular
 * matrix, a kernel that does not compile) are ERR_GENERIC here (MLX: eval). */
int rlx_mlx_eval(rlx_mlx_array_t* const* handles, size_t n);

/* Starts the evaluation and returns; rlx_mlx_eval or rlx_mlx_synchronize waits for it, and tells its failures. The
 * handles may be freed meanwhile (MLX: async_eval). */
int rlx_mlx_async_eval(rlx_mlx_array_t* const* handles, size_t n);

/* Waits for the work on every stream that the shim made and on the thread's default ones. No other thread may be
 * evaluating on a GPU stream of those meanwhile (MLX: synchronize of each). */
int rlx_mlx_synchronize(void);

/* Writes how many batches of operations are under way in the process. With more than 10 of them every evaluation, on whatever
 * stream, first waits for one to end (MLX: scheduler::n_active_tasks). */
int rlx_mlx_active_tasks(int* out);

/* A stream on `device` that any thread may use (MLX: new_thread_unsafe_stream); use by two threads at once is the
 * caller's error. MLX never frees a stream, so keep and share them. ERR_GENERIC where the device is missing. */
int rlx_mlx_stream_new(rlx_mlx_device_t device, rlx_mlx_stream_t** out);

/* Frees the handle, not MLX's stream; NULL is allowed. */
void rlx_mlx_stream_free(rlx_mlx_stream_t* stream);

/* Places the ops that this thread makes from now on, and its evaluations, on `stream`; NULL returns to the default. */
int rlx_mlx_stream_enter(rlx_mlx_stream_t* stream);

/* The kind of device a stream is on. */
int rlx_mlx_stream_device(rlx_mlx_stream_t* stream, rlx_mlx_device_t* out);

/* Waits for the work on one stream. */
int rlx_mlx_stream_synchronize(rlx_mlx_stream_t* stream);

/* Calls `fn(ud)` on the thread of a CPU stream, or of the CPU stream beside another, behind what has been started there; does
 * not wait for it (MLX: scheduler::enqueue). It must not throw. */
typedef void (*rlx_mlx_task_fn)(void* ud);
int rlx_mlx_stream_call(rlx_mlx_stream_t* stream, rlx_mlx_task_fn fn, void* ud);

RLX_MLX_C_END
#endif
