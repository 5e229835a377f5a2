/* Functions traced at once over known shapes and replayed on any thread. */
#ifndef RLX_MLX_TRACE_H
#define RLX_MLX_TRACE_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* Traces `lower` once, now, over placeholders of the shapes and dtypes of `inputs`, on the stream that the thread has
 * entered. MLX's graph simplification runs on the trace; on GPU devices its kernel fusion too (on CPU that would start
 * a compiler, see mlx::core::set_compile_mode). `n_outputs` is the number of outputs it has; another number is
 * ERR_GENERIC, as is a failure of `lower`, whose text follows. */
int rlx_mlx_trace(rlx_mlx_lower_fn lower, void* ud, rlx_mlx_array_t* const* inputs, size_t n_inputs, size_t n_outputs,
                  rlx_mlx_trace_t** out);

/* Replays the trace on `inputs` of the same shapes and dtypes; writes `n_outputs` fresh lazy handles, all NULL after a
 * failure. The trace is not bound to a thread, and threads may replay it at once; the outputs belong to the stream that
 * was entered when it was made, so that one is for any thread too (rlx_mlx_stream_new). */
int rlx_mlx_trace_call(rlx_mlx_trace_t* trace, rlx_mlx_array_t* const* inputs, size_t n_inputs,
                       rlx_mlx_array_t** out_outputs, size_t n_outputs);

/* Number of MLX primitives that one replay makes. */
int rlx_mlx_trace_size(rlx_mlx_trace_t* trace, size_t* out);

/* Frees the trace; NULL is allowed. Arrays that it made stay valid. */
void rlx_mlx_trace_free(rlx_mlx_trace_t* trace);

RLX_MLX_C_END
#endif
