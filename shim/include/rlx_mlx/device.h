/* Version and devices. */
#ifndef RLX_MLX_DEVICE_H
#define RLX_MLX_DEVICE_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* Version of the MLX library that is loaded, as it reports itself; static. */
const char* rlx_mlx_version(void);

/* Version of the MLX headers that the shim was compiled against; static. */
const char* rlx_mlx_header_version(void);

/* Number of usable devices of a kind (MLX: is_available, device_count). */
int rlx_mlx_device_count(rlx_mlx_device_t device, size_t* out);

/* Name of a device for people (MLX: device_info "device_name"); "" when MLX has none. Valid until the thread's next
 * call of this function. */
int rlx_mlx_device_name(rlx_mlx_device_t device, size_t index, const char** out);

/* Total memory of a device in bytes (MLX: device_info "memory_size" or "total_memory"); 0 when MLX does not tell. */
int rlx_mlx_device_memory(rlx_mlx_device_t device, size_t index, uint64_t* out);

RLX_MLX_C_END
#endif
