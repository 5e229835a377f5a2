/* include/rlx_mlx/device.h */
#include "check.h"

void test_device(void) {
  size_t count = 0;
  uint64_t memory = 0;
  const char* label = NULL;
  rlx_mlx_device_t device = (rlx_mlx_device_t)9;

  CHECK(strcmp(rlx_mlx_version(), rlx_mlx_header_version()) == 0);
  CHECK(strlen(rlx_mlx_device_name()) > 0);
  CHECK_OK(rlx_mlx_device_count(RLX_MLX_DEVICE_CPU, &count));
  CHECK(count == 1);
  CHECK_FAILS(rlx_mlx_device_count, RLX_MLX_ERR_GENERIC, rlx_mlx_device_count((rlx_mlx_device_t)5, &count));
  CHECK_FAILS(rlx_mlx_device_count, RLX_MLX_ERR_NULL, rlx_mlx_device_count(RLX_MLX_DEVICE_CPU, NULL));
  CHECK_OK(rlx_mlx_device_label(RLX_MLX_DEVICE_CPU, 0, &label));
  CHECK(label != NULL && strlen(label) > 0);
  CHECK_FAILS(rlx_mlx_device_label, RLX_MLX_ERR_GENERIC, rlx_mlx_device_label(RLX_MLX_DEVICE_CPU, 1, &label));
  CHECK(strcmp(label, "") == 0);
  CHECK_OK(rlx_mlx_device_memory(RLX_MLX_DEVICE_CPU, 0, &memory));
  CHECK_FAILS(rlx_mlx_device_memory, RLX_MLX_ERR_GENERIC, rlx_mlx_device_memory(RLX_MLX_DEVICE_CPU, 7, &memory));
  CHECK_FAILS(rlx_mlx_device_memory, RLX_MLX_ERR_NULL, rlx_mlx_device_memory(RLX_MLX_DEVICE_CPU, 0, NULL));
  CHECK_OK(rlx_mlx_device_default(&device));
  CHECK(device == RLX_MLX_DEVICE_CPU || device == RLX_MLX_DEVICE_GPU);
  CHECK_FAILS(rlx_mlx_device_default, RLX_MLX_ERR_NULL, rlx_mlx_device_default(NULL));
  CHECK_OK(rlx_mlx_device_set_default(device));
  CHECK_FAILS(rlx_mlx_device_set_default, RLX_MLX_ERR_GENERIC, rlx_mlx_device_set_default((rlx_mlx_device_t)5));
}
