/* Random numbers. Each op takes a key, u32 [2], and gives the same numbers for the same key, shape and dtype; use every
 * key once (split it for more). Floats are f16, bf16 or f32 unless said otherwise; operands broadcast to the shape. */
#ifndef RLX_MLX_RANDOM_H
#define RLX_MLX_RANDOM_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* A key from a seed (MLX: random::key); `num` keys [num,2] from one (random::split). */
int rlx_mlx_op_random_key(uint64_t seed, rlx_mlx_array_t** out);
int rlx_mlx_op_random_split(rlx_mlx_array_t* key, int num, rlx_mlx_array_t** out);

/* Uniform numbers of `width` bytes: 1 gives u8, 2 gives u32 below 65536, 4 gives u32 (MLX: random::bits). */
int rlx_mlx_op_random_bits(const int* shape, size_t ndim, int width, rlx_mlx_array_t* key, rlx_mlx_array_t** out);

/* Uniform in [low, high) (MLX: random::uniform). */
int rlx_mlx_op_random_uniform(rlx_mlx_array_t* low, rlx_mlx_array_t* high, const int* shape, size_t ndim,
                              rlx_mlx_dtype_t dtype, rlx_mlx_array_t* key, rlx_mlx_array_t** out);

/* Normal with a mean and a standard deviation, NULL for 0 and 1; f64 and complex64 as well (MLX: random::normal). */
int rlx_mlx_op_random_normal(const int* shape, size_t ndim, rlx_mlx_dtype_t dtype, rlx_mlx_array_t* loc_or_null,
                             rlx_mlx_array_t* scale_or_null, rlx_mlx_array_t* key, rlx_mlx_array_t** out);

/* Standard normal within [lower, upper] (MLX: random::truncated_normal). */
int rlx_mlx_op_random_truncated_normal(rlx_mlx_array_t* lower, rlx_mlx_array_t* upper, const int* shape, size_t ndim,
                                       rlx_mlx_dtype_t dtype, rlx_mlx_array_t* key, rlx_mlx_array_t** out);

/* Standard Gumbel; Laplace with mean `loc` and scale `scale` (MLX: random::gumbel, random::laplace). */
int rlx_mlx_op_random_gumbel(const int* shape, size_t ndim, rlx_mlx_dtype_t dtype, rlx_mlx_array_t* key,
                             rlx_mlx_array_t** out);
int rlx_mlx_op_random_laplace(const int* shape, size_t ndim, rlx_mlx_dtype_t dtype, float loc, float scale,
                              rlx_mlx_array_t* key, rlx_mlx_array_t** out);

/* true with probability p, any float (MLX: random::bernoulli). */
int rlx_mlx_op_random_bernoulli(rlx_mlx_array_t* p, const int* shape, size_t ndim, rlx_mlx_array_t* key,
                                rlx_mlx_array_t** out);

/* Integers in [low, high), of an integer dtype or bool; an empty range gives low. Drawn from f32 uniform numbers, so
 * that of a range above 2^24 not every number comes (MLX: random::randint). */
int rlx_mlx_op_random_randint(rlx_mlx_array_t* low, rlx_mlx_array_t* high, const int* shape, size_t ndim,
                              rlx_mlx_dtype_t dtype, rlx_mlx_array_t* key, rlx_mlx_array_t** out);

/* The slices of x along an axis in random order (MLX: random::permutation). */
int rlx_mlx_op_random_permutation(rlx_mlx_array_t* x, int axis, rlx_mlx_array_t* key, rlx_mlx_array_t** out);

/* `num` draws a row from unnormalised log-probabilities along an axis, which the result does not have; the draws are
 * its last axis. u32 (MLX: random::categorical). */
int rlx_mlx_op_random_categorical(rlx_mlx_array_t* logits, int axis, int num, rlx_mlx_array_t* key,
                                  rlx_mlx_array_t** out);

/* One draw a row; the result has the shape of logits without the axis, u32. `seed` other than 0 is that seed's key.
 * With 0 the key is the next of the thread's own sequence: another draw at every call, and other ones on every thread;
 * but while a function is traced, one draw that the trace repeats (MLX: random::categorical). */
int rlx_mlx_op_categorical(rlx_mlx_array_t* logits, int axis, uint64_t seed, rlx_mlx_array_t** out);

/* Starts the thread's own sequence, and MLX's default one of the thread, from a seed; without it they start from the
 * clock (MLX: random::seed). */
int rlx_mlx_random_seed(uint64_t seed);

RLX_MLX_C_END
#endif
