/* What the C tests share: checks that tell file and line, and small makers and readers of arrays. */
#ifndef RLX_MLX_TESTS_CHECK_H
#define RLX_MLX_TESTS_CHECK_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rlx_mlx_shim.h"

/* Counts of main.c. */
extern int checks_done;
extern int checks_failed;

#define CHECK(condition)                                                                                        \
  do {                                                                                                          \
    ++checks_done;                                                                                              \
    if (!(condition)) {                                                                                         \
      ++checks_failed;                                                                                          \
      fprintf(stderr, "%s:%d: %s\n    last error: %s\n", __FILE__, __LINE__, #condition, rlx_mlx_last_error()); \
    }                                                                                                           \
  } while (0)

/* A valid call: succeeds, and leaves no error text. */
#define CHECK_OK(call)                            \
  do {                                            \
    CHECK((call) == RLX_MLX_OK);                  \
    CHECK(strcmp(rlx_mlx_last_error(), "") == 0); \
  } while (0)

/* A bad call of function NAME: gives `code`, and a text that starts with the function's name. */
#define CHECK_FAILS(name, code, call)                                         \
  do {                                                                        \
    CHECK((call) == (code));                                                  \
    CHECK(strncmp(rlx_mlx_last_error(), #name ": ", strlen(#name) + 2) == 0); \
  } while (0)

/* A bad call of a function with the result handle `out`: as above, and `out` becomes NULL. */
#define CHECK_FAILS_OUT(name, code, out, call) \
  do {                                         \
    (out) = (void*)&checks_done;               \
    CHECK_FAILS(name, code, call);             \
    CHECK((out) == NULL);                      \
  } while (0)

/* A fresh array; the program ends when it cannot be made. */
static inline rlx_mlx_array_t* make(rlx_mlx_dtype_t dtype, const void* data, size_t nbytes, size_t ndim,
                                    const int* shape) {
  rlx_mlx_array_t* out = NULL;
  if (rlx_mlx_array_from_bytes(shape, ndim, data, nbytes, dtype, &out) != RLX_MLX_OK) {
    fprintf(stderr, "cannot make an array: %s\n", rlx_mlx_last_error());
    exit(2);
  }
  return out;
}

/* A fresh f32 array of rank 1 or 2; `columns` 0 makes rank 1. */
static inline rlx_mlx_array_t* make_f32(const float* data, int rows, int columns) {
  int shape[2];
  shape[0] = rows;
  shape[1] = columns;
  return make(RLX_MLX_DTYPE_F32, data, sizeof(float) * (size_t)rows * (size_t)(columns ? columns : 1), columns ? 2 : 1,
              shape);
}

/* A fresh i32 array of rank 1. */
static inline rlx_mlx_array_t* make_i32(const int32_t* data, int count) {
  return make(RLX_MLX_DTYPE_I32, data, sizeof(int32_t) * (size_t)count, 1, &count);
}

/* Languages of kernels from source, and whether MLX runs kernels in one of them here. */
enum language { METAL, CUDA };
static inline int runs_kernels(enum language language) {
#ifdef __APPLE__
  const enum language of_gpus = METAL;
#else
  const enum language of_gpus = CUDA;
#endif
  size_t gpus = 0;
  CHECK_OK(rlx_mlx_device_count(RLX_MLX_DEVICE_GPU, &gpus));
  return gpus > 0 && language == of_gpus;
}

/* Whether `array` holds exactly these bytes. */
static inline int holds_bytes(rlx_mlx_array_t* array, const void* expected, size_t nbytes) {
  unsigned char* found = malloc(nbytes ? nbytes : 1);
  size_t n = 0;
  int same = found && rlx_mlx_array_to_bytes(array, found, nbytes, &n) == RLX_MLX_OK && n == nbytes &&
             memcmp(found, expected, nbytes) == 0;
  free(found);
  return same;
}

/* Whether f32 `array` holds these values to `tolerance`. */
static inline int holds_f32(rlx_mlx_array_t* array, const float* expected, size_t count, float tolerance) {
  float* found = malloc(sizeof(float) * (count ? count : 1));
  size_t n = 0, i;
  int same = found && rlx_mlx_array_to_bytes(array, found, sizeof(float) * count, &n) == RLX_MLX_OK &&
             n == sizeof(float) * count;
  for (i = 0; same && i < count; ++i) {
    same = fabsf(found[i] - expected[i]) <= tolerance || (isnan(found[i]) && isnan(expected[i]));
  }
  free(found);
  return same;
}

/* A valid call that writes its result to `out`, which holds these values: f32 (to 1e-6 of their size) or, bit for bit,
 * i32, u32 and bool. */
#define GIVES_F32(call, ...)                                                       \
  do {                                                                             \
    const float expected_[] = {__VA_ARGS__};                                       \
    rlx_mlx_array_t* out = NULL;                                                   \
    CHECK_OK(call);                                                                \
    CHECK(out && gives_f32(out, expected_, sizeof expected_ / sizeof *expected_)); \
    rlx_mlx_array_free(out);                                                       \
  } while (0)
#define GIVES_BYTES(type, call, ...)                             \
  do {                                                           \
    const type expected_[] = {__VA_ARGS__};                      \
    rlx_mlx_array_t* out = NULL;                                 \
    CHECK_OK(call);                                              \
    CHECK(out && holds_bytes(out, expected_, sizeof expected_)); \
    rlx_mlx_array_free(out);                                     \
  } while (0)
#define GIVES_I32(call, ...) GIVES_BYTES(int32_t, call, __VA_ARGS__)
#define GIVES_U32(call, ...) GIVES_BYTES(uint32_t, call, __VA_ARGS__)
#define GIVES_BOOL(call, ...) GIVES_BYTES(unsigned char, call, __VA_ARGS__)

/* A bad call that has its result at `out`. */
#define REFUSES(name, code, call)           \
  do {                                      \
    rlx_mlx_array_t* out = NULL;            \
    CHECK_FAILS_OUT(name, code, out, call); \
  } while (0)

static inline int gives_f32(rlx_mlx_array_t* array, const float* expected, size_t count) {
  float largest = 1.0f;
  size_t i;
  for (i = 0; i < count; ++i) {
    if (isfinite(expected[i]) && fabsf(expected[i]) > largest) {
      largest = fabsf(expected[i]);
    }
  }
  return holds_f32(array, expected, count, 1e-6f * largest);
}

#endif
