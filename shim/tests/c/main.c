/* The shim's C tests: every family in turn, then no handle may be left. */
#include "check.h"

int checks_done = 0;
int checks_failed = 0;

/* One for each header of include/rlx_mlx but types.h, which declares no function. */
#define FAMILIES(X) \
  X(array)          \
  X(attention)      \
  X(binary)         \
  X(callback)       \
  X(compile)        \
  X(conv)           \
  X(create)         \
  X(device)         \
  X(distributed)    \
  X(error)          \
  X(fft)            \
  X(gather)         \
  X(io)             \
  X(kernel)         \
  X(linalg)         \
  X(matmul)         \
  X(memory)         \
  X(norm)           \
  X(part)           \
  X(pool)           \
  X(quantized)      \
  X(random)         \
  X(reduce)         \
  X(rope)           \
  X(scan)           \
  X(scatter)        \
  X(shape)          \
  X(softmax)        \
  X(sort)           \
  X(stream)         \
  X(trace)          \
  X(unary)          \
  X(watch)

#define DECLARE(family) void test_##family(void);
FAMILIES(DECLARE)

int main(void) {
#define RUN(family)                                                             \
  do {                                                                          \
    const int before = checks_failed;                                           \
    test_##family();                                                            \
    printf("  %-12s %s\n", #family, checks_failed == before ? "ok" : "FAILED"); \
    fflush(stdout);                                                             \
  } while (0);
  FAMILIES(RUN)
  printf("%d checks, %d failed, %lu handles left\n", checks_done, checks_failed, (unsigned long)rlx_mlx_live_handles());
  return checks_failed > 0 || rlx_mlx_live_handles() > 0;
}
