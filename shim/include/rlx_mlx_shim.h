/* The C ABI over MLX: umbrella header.
 *
 * Conventions, valid for every function unless its comment says otherwise:
 *  - Returns an int code, RLX_MLX_OK (0) on success; the text of the last failure of the thread is in
 *    rlx_mlx_last_error() and starts with the function's name. No C++ exception crosses.
 *  - Inputs are borrowed. A result goes to the last parameter `out` as a fresh handle, which the caller frees with
 *    rlx_mlx_array_free(); `*out` is NULL after a failure.
 *  - NULL handles, NULL out, bad shapes, axes and enum values are errors, never undefined behaviour.
 *  - Shapes are `const int*` plus a rank; rank 0 is a scalar, its pointer may be NULL. Negative axes count from the end.
 *  - Ops are lazy: they extend a graph that rlx_mlx_eval() evaluates. Each op is placed on the stream that the calling
 *    thread has entered (rlx_mlx_stream_enter), or on MLX's default stream of the thread.
 *  - Any thread may call; one handle is used by one thread at a time.
 */
#ifndef RLX_MLX_SHIM_H
#define RLX_MLX_SHIM_H

#include "rlx_mlx/array.h"
#include "rlx_mlx/attention.h"
#include "rlx_mlx/binary.h"
#include "rlx_mlx/callback.h"
#include "rlx_mlx/compile.h"
#include "rlx_mlx/conv.h"
#include "rlx_mlx/create.h"
#include "rlx_mlx/device.h"
#include "rlx_mlx/distributed.h"
#include "rlx_mlx/error.h"
#include "rlx_mlx/fft.h"
#include "rlx_mlx/gather.h"
#include "rlx_mlx/io.h"
#include "rlx_mlx/kernel.h"
#include "rlx_mlx/linalg.h"
#include "rlx_mlx/matmul.h"
#include "rlx_mlx/memory.h"
#include "rlx_mlx/norm.h"
#include "rlx_mlx/part.h"
#include "rlx_mlx/pool.h"
#include "rlx_mlx/quantized.h"
#include "rlx_mlx/random.h"
#include "rlx_mlx/reduce.h"
#include "rlx_mlx/rope.h"
#include "rlx_mlx/scan.h"
#include "rlx_mlx/scatter.h"
#include "rlx_mlx/shape.h"
#include "rlx_mlx/softmax.h"
#include "rlx_mlx/sort.h"
#include "rlx_mlx/stream.h"
#include "rlx_mlx/trace.h"
#include "rlx_mlx/types.h"
#include "rlx_mlx/unary.h"
#include "rlx_mlx/watch.h"

#endif
