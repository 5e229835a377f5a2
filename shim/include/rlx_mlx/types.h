/* Handles, codes and enums. */
#ifndef RLX_MLX_TYPES_H
#define RLX_MLX_TYPES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define RLX_MLX_C_BEGIN extern "C" {
#define RLX_MLX_C_END }
/* Any int may arrive in an enum parameter, and C++ allows that only with the type written out. */
#define RLX_MLX_ENUM : int
#else
#define RLX_MLX_C_BEGIN
#define RLX_MLX_C_END
#define RLX_MLX_ENUM
#endif

/* One reference to an MLX array, lazy or evaluated. */
typedef struct rlx_mlx_array_s rlx_mlx_array_t;
/* A function that is traced by need, see compile.h. */
typedef struct rlx_mlx_compiled_s rlx_mlx_compiled_t;
/* A function traced into a replayable graph, see trace.h. */
typedef struct rlx_mlx_trace_s rlx_mlx_trace_t;
/* A stream that any thread may use, one at a time. */
typedef struct rlx_mlx_stream_s rlx_mlx_stream_t;

/* Builds outputs from inputs, for rlx_mlx_compile and rlx_mlx_trace. The inputs are borrowed: they are valid during the
 * call and are not freed by it. The function writes up to `cap` fresh output handles, which it gives away, and their
 * number. On failure it returns nonzero after rlx_mlx_set_last_error(). It must not evaluate. */
typedef int (*rlx_mlx_lower_fn)(void* ud, rlx_mlx_array_t* const* inputs, size_t n_inputs,
                                rlx_mlx_array_t** out_outputs, size_t cap, size_t* out_n_outputs);

/* Return codes. */
#define RLX_MLX_OK 0
#define RLX_MLX_ERR_GENERIC 1   /* MLX refused, or evaluation failed */
#define RLX_MLX_ERR_BAD_DTYPE 2 /* a dtype that is unknown or unfit */
#define RLX_MLX_ERR_BAD_SHAPE 3 /* a shape, axis or buffer size that does not fit */
#define RLX_MLX_ERR_NULL 4      /* a NULL handle, out or data pointer */
#define RLX_MLX_ERR_MEMORY 5    /* memory ran out */

/* Element types: the DType of the RLX IR. */
typedef enum RLX_MLX_ENUM {
  RLX_MLX_DTYPE_F32 = 0,
  RLX_MLX_DTYPE_F16 = 1,
  RLX_MLX_DTYPE_BF16 = 2,
  RLX_MLX_DTYPE_I32 = 3,
  RLX_MLX_DTYPE_F64 = 4, /* CPU device only */
  RLX_MLX_DTYPE_I8 = 5,
  RLX_MLX_DTYPE_I16 = 6,
  RLX_MLX_DTYPE_I64 = 7,
  RLX_MLX_DTYPE_U8 = 8,
  RLX_MLX_DTYPE_U32 = 9,
  RLX_MLX_DTYPE_BOOL = 10,
  RLX_MLX_DTYPE_C64 = 11
} rlx_mlx_dtype_t;

/* Elementwise functions of one operand, see rlx_mlx_op_unary. */
typedef enum RLX_MLX_ENUM {
  RLX_MLX_UN_RELU = 0,
  RLX_MLX_UN_SIGMOID = 1,
  RLX_MLX_UN_TANH = 2,
  RLX_MLX_UN_EXP = 3,
  RLX_MLX_UN_LOG = 4,
  RLX_MLX_UN_SQRT = 5,
  RLX_MLX_UN_RSQRT = 6,
  RLX_MLX_UN_NEG = 7,
  RLX_MLX_UN_ABS = 8,
  RLX_MLX_UN_ERF = 9,
  RLX_MLX_UN_ROUND = 10, /* half to even */
  RLX_MLX_UN_SIN = 11,
  RLX_MLX_UN_COS = 12,
  RLX_MLX_UN_TAN = 13,
  RLX_MLX_UN_ATAN = 14,
  RLX_MLX_UN_FLOOR = 15,
  RLX_MLX_UN_CEIL = 16,
  RLX_MLX_UN_SIGN = 17,
  RLX_MLX_UN_RECIP = 18,
  RLX_MLX_UN_LOG1P = 19,
  RLX_MLX_UN_EXPM1 = 20,
  RLX_MLX_UN_ASIN = 21,
  RLX_MLX_UN_ACOS = 22,
  RLX_MLX_UN_SINH = 23,
  RLX_MLX_UN_COSH = 24,
  RLX_MLX_UN_ASINH = 25,
  RLX_MLX_UN_ACOSH = 26,
  RLX_MLX_UN_ATANH = 27,
  RLX_MLX_UN_LOG2 = 28,
  RLX_MLX_UN_LOG10 = 29,
  RLX_MLX_UN_ERFINV = 30,
  RLX_MLX_UN_SQUARE = 31,
  RLX_MLX_UN_TRUNC = 32,
  RLX_MLX_UN_ISNAN = 33, /* this one and the next four give bool */
  RLX_MLX_UN_ISINF = 34,
  RLX_MLX_UN_ISFINITE = 35,
  RLX_MLX_UN_ISPOSINF = 36,
  RLX_MLX_UN_ISNEGINF = 37,
  RLX_MLX_UN_CONJ = 38,
  RLX_MLX_UN_REAL = 39, /* complex gives f32 */
  RLX_MLX_UN_IMAG = 40, /* complex gives f32, other types 0 */
  RLX_MLX_UN_DEGREES = 41,
  RLX_MLX_UN_RADIANS = 42
} rlx_mlx_unary_t;

/* Reductions, see rlx_mlx_op_reduce. */
typedef enum RLX_MLX_ENUM {
  RLX_MLX_RED_SUM = 0,
  RLX_MLX_RED_MEAN = 1,
  RLX_MLX_RED_MAX = 2,
  RLX_MLX_RED_MIN = 3,
  RLX_MLX_RED_PROD = 4
} rlx_mlx_reduce_t;

/* How an update meets the element it lands on, see scatter.h. */
typedef enum RLX_MLX_ENUM {
  RLX_MLX_UPDATE_SET = 0,
  RLX_MLX_UPDATE_ADD = 1,
  RLX_MLX_UPDATE_PROD = 2,
  RLX_MLX_UPDATE_MAX = 3,
  RLX_MLX_UPDATE_MIN = 4
} rlx_mlx_update_t;

/* Attention masks, see rlx_mlx_op_attention. */
typedef enum RLX_MLX_ENUM {
  RLX_MLX_MASK_NONE = 0,
  RLX_MLX_MASK_CAUSAL = 1,
  RLX_MLX_MASK_SLIDING = 2,
  RLX_MLX_MASK_CUSTOM = 3
} rlx_mlx_mask_t;

/* Device kinds. */
typedef enum RLX_MLX_ENUM { RLX_MLX_DEVICE_CPU = 0, RLX_MLX_DEVICE_GPU = 1 } rlx_mlx_device_t;

#endif
