/* Version and devices. */
#ifndef RLX_MLX_DEVICE_H
#define RLX_MLX_DEVICE_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* Version of the MLX library that is loaded, as it reports itself; static. */
const char* rlx_mlx_version(void);

/* Version of the MLX headers that the shim was compiled against; static. */
const char* rlx_mlx_header_version(void);

/* Name of the default device for people (MLX: device_info "device_name"); "" when MLX has none. Never NULL; valid
 * until the thread's next call of this function. */
const char* rlx_mlx_device_name(void);

/* Number of usable devices of a kind (MLX: is_available, device_count). */
int rlx_mlx_device_count(rlx_mlx_device_t device, size_t* out);

/* Name of any device, as above; `*out` is valid until the thread's next call of this function, and "" after a failure.
 * ERR_GENERIC for a device that is not there. */
int rlx_mlx_device_label(rlx_mlx_device_t device, size_t index, const char** out);

/* Total memory of a device in bytes (MLX: device_info "memory_size" or "total_memory"); 0 when MLX does not tell. */
int rlx_mlx_device_memory(rlx_mlx_device_t device, size_t index, uint64_t* out);

/* The device of ops on threads that have entered no stream (MLX: default_device). The setter is for the whole process
 * and not synchronised with running calls: use it before other threads work. */
int rlx_mlx_device_default(rlx_mlx_device_t* out);
int rlx_mlx_device_set_default(rlx_mlx_device_t device);

RLX_MLX_C_END
#endif
