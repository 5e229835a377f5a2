/* Functions traced once and replayed. */
#ifndef RLX_MLX_COMPILE_H
#define RLX_MLX_COMPILE_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* Builds outputs from inputs. The inputs are borrowed: they are valid during the call and are not freed by it. The
 * function writes up to `cap` fresh output handles, which it gives away, and their number. On failure it returns
 * nonzero after rlx_mlx_set_last_error(). It must neither evaluate nor compile. */
typedef int (*rlx_mlx_lower_fn)(void* ud, rlx_mlx_array_t* const* inputs, size_t n_inputs,
                                rlx_mlx_array_t** out_outputs, size_t cap, size_t* out_n_outputs);

/* Traces `lower` once, now, over placeholders of the shapes and dtypes of `inputs`, on the stream that the thread has
 * entered. MLX's graph simplification runs on the trace; on GPU devices its kernel fusion too (on CPU that would start
 * a compiler, see mlx::core::set_compile_mode). `n_outputs` is the number of outputs it has. */
int rlx_mlx_compile(rlx_mlx_lower_fn lower, void* ud, rlx_mlx_array_t* const* inputs, size_t n_inputs, size_t n_outputs,
                    rlx_mlx_compiled_t** out);

/* Replays the trace on `inputs` of the same shapes and dtypes; writes `n_outputs` fresh lazy handles. The trace is not
 * bound to a thread. */
int rlx_mlx_compiled_call(rlx_mlx_compiled_t* compiled, rlx_mlx_array_t* const* inputs, size_t n_inputs,
                          rlx_mlx_array_t** out_outputs, size_t n_outputs);

/* Number of nodes that one replay makes. */
int rlx_mlx_compiled_size(rlx_mlx_compiled_t* compiled, size_t* out);

/* Frees the trace; NULL is allowed. Arrays that it made stay valid. */
void rlx_mlx_compiled_free(rlx_mlx_compiled_t* compiled);

RLX_MLX_C_END
#endif
