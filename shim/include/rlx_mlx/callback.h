/* Host code as a node of the graph. */
#ifndef RLX_MLX_CALLBACK_H
#define RLX_MLX_CALLBACK_H

#include "rlx_mlx/array.h"
#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* The elements of an input: row-major, read-only, valid during the call. */
typedef struct {
  const void* data; /* not NULL unless `nbytes` is 0 */
  size_t nbytes;
  rlx_mlx_dtype_t dtype;
  const int* shape; /* `ndim` extents */
  size_t ndim;
} rlx_mlx_view_t;

/* The place for the elements of an output: row-major, not initialised, valid during the call. */
typedef struct {
  void* data; /* not NULL unless `nbytes` is 0 */
  size_t nbytes;
  rlx_mlx_dtype_t dtype;
  const int* shape; /* `ndim` extents */
  size_t ndim;
} rlx_mlx_view_mut_t;

/* How the first rows of a callback's outputs, those of the first axis, depend on its inputs (rlx_mlx_trace_first_rows). With
 * any but the first, it must take fewer rows than it was made for. */
typedef int rlx_mlx_rows_t;
enum {
  RLX_MLX_ROWS_MIXED = 0,  /* on all of them */
  RLX_MLX_ROWS_PLACES = 1, /* each element on those at its place alone; all shapes are one */
  RLX_MLX_ROWS_FIRST = 2 /* on the same rows of the first input, and on the others as a whole; 3: of the first two, … */
};

/* Reads the inputs and fills every output. Called once for each evaluation of the node, on the thread of its stream or on
 * the one that calls rlx_mlx_trace_run, so by several threads at once when several evaluate. On failure it returns
 * nonzero after rlx_mlx_set_last_error(). It must not evaluate arrays: it would wait for its own thread. */
typedef int (*rlx_mlx_host_fn)(void* ud, const rlx_mlx_view_t* inputs, size_t n_inputs,
                               const rlx_mlx_view_mut_t* outputs, size_t n_outputs);

/* `n_outputs` (at least 1) lazy arrays of the given shapes, ranks and dtypes, which `fn` computes from `inputs`;
 * `out_outputs` are all NULL after a failure.
 *
 * A lazy node like any other, also inside rlx_mlx_compile and rlx_mlx_trace, though not with `shapeless`. It runs on the
 * CPU: on the stream that the thread has entered if that is a CPU stream, on a CPU stream beside it otherwise. A failure
 * of `fn` is one of the evaluation, whose text ends with what `fn` told: whoever waits for that stream is told, once. Until
 * then the stream calls no callback any more, their outputs are zeros. What rlx_mlx_trace_run calls itself fails there.
 *
 * `release(ud)` (NULL: nothing to release) is called exactly once, when no node or trace needs `ud` any more; at once
 * after a failure (MLX: a Primitive of the shim's own). */
int rlx_mlx_op_host_callback(rlx_mlx_host_fn fn, void* ud, rlx_mlx_release_fn release, rlx_mlx_rows_t rows,
                             rlx_mlx_array_t* const* inputs, size_t n_inputs, const int* const* output_shapes,
                             const size_t* output_ranks, const rlx_mlx_dtype_t* output_dtypes, size_t n_outputs,
                             rlx_mlx_array_t** out_outputs);

/* Lets the first of the outputs that a callback has just given, `first`, take the memory of input number `input` when
 * rlx_mlx_trace_run calls `fn` itself and nothing else needs that input any more. Then the views of both have the same `data`:
 * `fn` reads an element of the input before it writes the one at its place. Only where shapes and dtypes are equal. */
int rlx_mlx_host_callback_may_overwrite(rlx_mlx_array_t* first, size_t input);

RLX_MLX_C_END
#endif
