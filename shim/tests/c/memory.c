/* include/rlx_mlx/memory.h */
#include "check.h"

void test_memory(void) {
  const float data[512] = {0};
  rlx_mlx_array_t *a = make_f32(data, 512, 0), *lazy = NULL;
  size_t n = 0, limit = 0, previous = 0;

  CHECK_OK(rlx_mlx_memory_active(&n));
  CHECK(n >= sizeof(data));
  CHECK_OK(rlx_mlx_memory_peak(&n));
  CHECK(n >= sizeof(data));
  CHECK_OK(rlx_mlx_memory_cached(&n));
  CHECK_OK(rlx_mlx_memory_of(&a, 1, &n));
  CHECK(n >= sizeof(data));
  CHECK_OK(rlx_mlx_op_add(a, a, &lazy));
  CHECK_FAILS(rlx_mlx_memory_of, RLX_MLX_ERR_GENERIC, rlx_mlx_memory_of(&lazy, 1, &n));
  CHECK_OK(rlx_mlx_memory_reset_peak());
  CHECK_OK(rlx_mlx_memory_peak(&n));
  CHECK(n < sizeof(data));
  CHECK_OK(rlx_mlx_memory_clear_cache());
  CHECK_OK(rlx_mlx_memory_limit(&limit));
  CHECK_OK(rlx_mlx_memory_set_limit(limit - 1, &previous));
  CHECK(previous == limit);
  CHECK_OK(rlx_mlx_memory_set_limit(limit, &previous));
  CHECK(previous == limit - 1);
  CHECK_OK(rlx_mlx_memory_set_cache_limit(1 << 20, &previous));
  CHECK_OK(rlx_mlx_memory_cache_limit(&limit));
  CHECK(limit == 1 << 20);
  CHECK_OK(rlx_mlx_memory_set_cache_limit(previous, NULL));
  CHECK_OK(rlx_mlx_memory_cache_limit(&limit));
  CHECK(limit == previous);
  CHECK_OK(rlx_mlx_memory_set_wired_limit(0, &previous));
  CHECK(rlx_mlx_allocator() != NULL);
  CHECK(rlx_mlx_allocator() == rlx_mlx_allocator());
  CHECK_FAILS(rlx_mlx_memory_active, RLX_MLX_ERR_NULL, rlx_mlx_memory_active(NULL));
  CHECK_FAILS(rlx_mlx_memory_peak, RLX_MLX_ERR_NULL, rlx_mlx_memory_peak(NULL));
  CHECK_FAILS(rlx_mlx_memory_cached, RLX_MLX_ERR_NULL, rlx_mlx_memory_cached(NULL));
  CHECK_FAILS(rlx_mlx_memory_limit, RLX_MLX_ERR_NULL, rlx_mlx_memory_limit(NULL));
  CHECK_FAILS(rlx_mlx_memory_cache_limit, RLX_MLX_ERR_NULL, rlx_mlx_memory_cache_limit(NULL));
  /* Host memory that would exceed the limit is refused, and what comes after works. */
  CHECK_OK(rlx_mlx_memory_set_limit(1000, &limit));
  {
    const int shape = 512;
    rlx_mlx_array_t* refused = NULL;
    CHECK_FAILS_OUT(rlx_mlx_array_from_bytes, RLX_MLX_ERR_MEMORY, refused,
                    rlx_mlx_array_from_bytes(&shape, 1, data, sizeof(data), RLX_MLX_DTYPE_F32, &refused));
    /* As large as the limit is not larger. */
    CHECK_OK(rlx_mlx_memory_set_limit(sizeof(data), NULL));
    CHECK_OK(rlx_mlx_array_from_bytes(&shape, 1, data, sizeof(data), RLX_MLX_DTYPE_F32, &refused));
    rlx_mlx_array_free(refused);
  }
  CHECK_OK(rlx_mlx_memory_set_limit(limit, NULL));
  /* The setters, reset_peak and clear_cache refuse nothing. */
  rlx_mlx_array_free(lazy);
  rlx_mlx_array_free(a);
}
