/* Functions traced by need: once for each set of input types, then replayed. */
#ifndef RLX_MLX_COMPILE_H
#define RLX_MLX_COMPILE_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* Wraps `fn` and `ud`; does not call them yet. Both must stay valid until rlx_mlx_compiled_free() returns. `shapeless`
 * nonzero: a trace serves every shape of the same rank, as far as MLX's ops allow; an op that does not allow it fails
 * the first call (MLX: compile(fn, shapeless)). */
int rlx_mlx_compile(rlx_mlx_lower_fn fn, void* ud, int shapeless, rlx_mlx_compiled_t** out);

/* Calls the function on `inputs` and writes fresh lazy handles to `out_outputs`, their number to `*out_n_outputs`.
 *
 * `fn` runs only when no trace fits: its key is the dtypes and shapes of the inputs (ranks, if shapeless) and the
 * stream that the thread has entered, to which MLX binds the ops. So threads that enter one stream, in turn, share one
 * trace, whichever of them made it; threads on their default streams trace for themselves. Calls at once are safe; `fn`
 * runs one at a time, and not from within itself.
 *
 * ERR_BAD_SHAPE when `cap` is below the number of outputs, which `*out_n_outputs` then tells; nothing is written. A
 * failure of `fn`, more outputs than rlx_mlx_compile_output_cap() or a NULL output of `fn` is ERR_GENERIC. */
int rlx_mlx_compiled_call(rlx_mlx_compiled_t* compiled, rlx_mlx_array_t* const* inputs, size_t n_inputs,
                          rlx_mlx_array_t** out_outputs, size_t cap, size_t* out_n_outputs);

/* Frees it; NULL is allowed. Arrays that it made stay valid. */
void rlx_mlx_compiled_free(rlx_mlx_compiled_t* compiled);

/* The most outputs that a compiled function may have: the `cap` that its `fn` sees. In this order: what
 * rlx_mlx_set_compile_output_cap() set, the environment variable RLX_COMPILE_OUTPUT_CAP, its older name
 * RLX_MLX_COMPILE_OUTPUT_CAP, 1024. A variable that is not a decimal number from 1 to 1048576 counts as absent.
 * Process-wide; read whenever a function is traced. */
size_t rlx_mlx_compile_output_cap(void);

/* Sets it; values above 1048576 count as that, 0 is rlx_mlx_reset_compile_output_cap(). */
void rlx_mlx_set_compile_output_cap(size_t cap);

/* Drops what was set. */
void rlx_mlx_reset_compile_output_cap(void);

RLX_MLX_C_END
#endif
