/* Handles, codes and enums. */
#ifndef RLX_MLX_TYPES_H
#define RLX_MLX_TYPES_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define RLX_MLX_C_BEGIN extern "C" {
#define RLX_MLX_C_END }
#else
#define RLX_MLX_C_BEGIN
#define RLX_MLX_C_END
#endif

/* One reference to an MLX array, lazy or evaluated. */
typedef struct rlx_mlx_array_s rlx_mlx_array_t;
/* A function traced into a replayable graph. */
typedef struct rlx_mlx_compiled_s rlx_mlx_compiled_t;
/* A stream that any thread may use, one at a time. */
typedef struct rlx_mlx_stream_s rlx_mlx_stream_t;

/* Return codes. */
#define RLX_MLX_OK 0
#define RLX_MLX_ERR_GENERIC 1   /* MLX refused, or evaluation failed */
#define RLX_MLX_ERR_BAD_DTYPE 2 /* a dtype that is unknown or unfit */
#define RLX_MLX_ERR_BAD_SHAPE 3 /* a shape, axis or buffer size that does not fit */
#define RLX_MLX_ERR_NULL 4      /* a NULL handle, out or data pointer */
#define RLX_MLX_ERR_MEMORY 5    /* memory ran out */

/* Element types: the DType of the RLX IR. */
typedef enum {
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
typedef enum {
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
  RLX_MLX_UN_EXPM1 = 20
} rlx_mlx_unary_t;

/* Reductions, see rlx_mlx_op_reduce. */
typedef enum {
  RLX_MLX_RED_SUM = 0,
  RLX_MLX_RED_MEAN = 1,
  RLX_MLX_RED_MAX = 2,
  RLX_MLX_RED_MIN = 3,
  RLX_MLX_RED_PROD = 4
} rlx_mlx_reduce_t;

/* Attention masks, see rlx_mlx_op_attention. */
typedef enum {
  RLX_MLX_MASK_NONE = 0,
  RLX_MLX_MASK_CAUSAL = 1,
  RLX_MLX_MASK_SLIDING = 2,
  RLX_MLX_MASK_CUSTOM = 3
} rlx_mlx_mask_t;

/* Device kinds. */
typedef enum { RLX_MLX_DEVICE_CPU = 0, RLX_MLX_DEVICE_GPU = 1 } rlx_mlx_device_t;

#endif
