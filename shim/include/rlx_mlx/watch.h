/* When primitives are computed: for profiles. */
#ifndef RLX_MLX_WATCH_H
#define RLX_MLX_WATCH_H

#include "rlx_mlx/array.h"
#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* Who is told. It knows primitives by the place in the caller's program that it was given for them. */
typedef struct rlx_mlx_watch_s rlx_mlx_watch_t;

/* The time now, in the caller's unit. */
typedef uint64_t (*rlx_mlx_now_fn)(void* ud);

/* One primitive has been computed since `start`. `operations` are the additions and multiplications of a product or
 * convolution and 0 for what is neither, `nbytes` those that it reads and writes. `primitive` is valid during the call. */
typedef void (*rlx_mlx_span_fn)(void* ud, uint64_t start, size_t place, const char* primitive, uint64_t operations,
                                uint64_t nbytes);

/* A watch that tells `span`. Both functions are called on the threads of CPU streams, by several at once where several
 * compute. `release(ud)` (NULL: nothing to release) is called exactly once, when no watch, trace or running task needs `ud`
 * any more; at once after a failure. */
int rlx_mlx_watch_new(rlx_mlx_now_fn now, rlx_mlx_span_fn span, void* ud, rlx_mlx_release_fn release,
                      rlx_mlx_watch_t** out);

/* Notes that what the lazy `array` is computed by belongs to `place`, as far as it has no place yet. */
int rlx_mlx_watch_place(rlx_mlx_watch_t* watch, rlx_mlx_array_t* array, size_t place);

/* Watches the primitives that have a place in all later replays of a trace. It is a whole one, folded and split already;
 * nobody uses it meanwhile. It has no first rows any more (rlx_mlx_trace_first_rows). */
int rlx_mlx_watch_trace(rlx_mlx_watch_t* watch, rlx_mlx_trace_t* trace);

/* Watches the primitives behind lazy `handles` that have a place, for the evaluation that comes next, and forgets the places
 * of all. */
int rlx_mlx_watch_arrays(rlx_mlx_watch_t* watch, rlx_mlx_array_t* const* handles, size_t n);

/* Frees the handle; NULL is allowed. What is watched already still is. */
void rlx_mlx_watch_free(rlx_mlx_watch_t* watch);

RLX_MLX_C_END
#endif
