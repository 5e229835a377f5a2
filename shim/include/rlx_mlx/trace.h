/* Functions traced at once over known shapes and replayed on any thread. */
#ifndef RLX_MLX_TRACE_H
#define RLX_MLX_TRACE_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* Traces `lower` once, now, over placeholders of the shapes and dtypes of `inputs`, on the stream that the thread has
 * entered. What is computed twice is computed once; on GPU devices kernels are fused (MLX: compile, which on CPU would
 * start a C++ compiler). The trace has as many outputs as it gives, at most `cap`; more is ERR_GENERIC, as is a failure of
 * `lower`, whose text follows. */
int rlx_mlx_trace(rlx_mlx_lower_fn lower, void* ud, rlx_mlx_array_t* const* inputs, size_t n_inputs, size_t cap,
                  rlx_mlx_trace_t** out);

/* Replays the trace on `inputs` of the same shapes and dtypes; writes `n_outputs` fresh lazy handles, all NULL after a
 * failure. The trace is not bound to a thread, and threads may replay it at once; the outputs belong to the stream that
 * was entered when it was made, so that one is for any thread too (rlx_mlx_stream_new). */
int rlx_mlx_trace_call(rlx_mlx_trace_t* trace, rlx_mlx_array_t* const* inputs, size_t n_inputs,
                       rlx_mlx_array_t** out_outputs, size_t n_outputs);

/* Where an input of a run comes from: an array, or, where that is NULL, row-major bytes. They are copied, or read where they
 * are while the call lasts, after which no output refers to them. */
typedef struct rlx_mlx_source_s {
  rlx_mlx_array_t* array;
  const void* data;
  size_t nbytes;
} rlx_mlx_source_t;

/* Where the row-major bytes of an output go, apart from all sources and other sinks; nowhere if `data` is NULL. If `only`
 * is not 0 they go nowhere else: there is no handle of that output, and host code may write there itself. After a failure
 * any part of them may be written. */
typedef struct rlx_mlx_sink_s {
  void* data;
  size_t nbytes;
  int only;
} rlx_mlx_sink_t;

/* Replays the trace, evaluates, and writes the outputs to `sinks`, in one call. Then `out_outputs` holds evaluated
 * handles, NULL where a sink is the only place, and all NULL after a failure. Calls at once need traces on different streams (MLX: eval).
 *
 * Host callbacks that read nothing but inputs, constants and results of each other, and those whose results nothing but
 * outputs and each other show, are called on this thread, before and after the evaluation. */
int rlx_mlx_trace_run(rlx_mlx_trace_t* trace, const rlx_mlx_source_t* inputs, size_t n_inputs,
                      const rlx_mlx_sink_t* sinks, rlx_mlx_array_t** out_outputs, size_t n_outputs);

/* The same without waiting: the evaluation is under way when it returns, and rlx_mlx_stream_synchronize on its stream
 * waits for it and tells its failure (MLX: async_eval). */
int rlx_mlx_trace_start(rlx_mlx_trace_t* trace, const rlx_mlx_source_t* inputs, size_t n_inputs,
                        rlx_mlx_array_t** out_outputs, size_t n_outputs);

/* Evaluates, once, what depends on no input, so that replays need not. Results stay lazy that take over 1 MiB and over
 * four times the memory of their operands; so do host callbacks and what talks to other processes. Nobody else may be
 * using the trace or its stream meanwhile. */
int rlx_mlx_trace_fold(rlx_mlx_trace_t* trace);

/* Splits the outputs behind the first `wanted` off, of which there are `n_off`. They become inputs of the trace, behind those
 * that it has, and `out` is a trace that gives them for the inputs that it had. `out_read` tells for each 1 if the rest of
 * the trace reads that value, also where it reads it from another of them that is equal, and 0 if not. Before folding, of a
 * whole trace, and while nobody uses it. */
int rlx_mlx_trace_split(rlx_mlx_trace_t* trace, size_t wanted, unsigned char* out_read, size_t n_off,
                        rlx_mlx_trace_t** out);

/* Writes for each of the `n_inputs` inputs 1 if one of the `count` outputs from `first` on is computed from it, else 0. */
int rlx_mlx_trace_reads(rlx_mlx_trace_t* trace, size_t first, size_t count, unsigned char* out, size_t n_inputs);

/* A trace of the first `actual` of the `upper` rows that the first axis has, without tracing again: of those of the first
 * `wanted` outputs whose first axis has the extent `upper`, of the other outputs as far as those depend on them, and of what
 * they are computed from. `out` stays NULL, without an error, if they need more than the first rows of a value that depends
 * on rows too, if an op is not known to leave rows to themselves, and if no input has such an axis.
 *
 * `out_inputs` tells for each input 1 if its first rows are read, `out_outputs` for each output 1 if the new trace gives
 * it. That takes bytes and arrays of the first rows, and whole arrays, of which it reads them; it gives as many rows. What the
 * traces have in common they share. The trace is a whole one, and the thread may evaluate on its stream. */
int rlx_mlx_trace_first_rows(rlx_mlx_trace_t* trace, size_t wanted, int actual, int upper, unsigned char* out_inputs,
                             size_t n_inputs, unsigned char* out_outputs, size_t n_outputs, rlx_mlx_trace_t** out);

/* Number of MLX primitives that one replay makes. */
int rlx_mlx_trace_size(rlx_mlx_trace_t* trace, size_t* out);

/* Bytes of the largest value that one replay computes; views of others do not count. */
int rlx_mlx_trace_largest(rlx_mlx_trace_t* trace, size_t* out);

/* Frees the trace; NULL is allowed. Arrays that it made stay valid. */
void rlx_mlx_trace_free(rlx_mlx_trace_t* trace);

RLX_MLX_C_END
#endif
