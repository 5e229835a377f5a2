/* Memory of MLX's allocator; sizes in bytes, for the whole process. */
#ifndef RLX_MLX_MEMORY_H
#define RLX_MLX_MEMORY_H

#include "rlx_mlx/types.h"

RLX_MLX_C_BEGIN

/* In use by arrays; the most that was since the start or the last reset; freed but kept for reuse (MLX:
 * get_active_memory, get_peak_memory, get_cache_memory). */
int rlx_mlx_memory_active(size_t* out);
int rlx_mlx_memory_peak(size_t* out);
int rlx_mlx_memory_cached(size_t* out);

/* Bytes of the buffers behind evaluated arrays, each buffer once (MLX: get_array_buffer_size); ERR_GENERIC for an
 * array that is still lazy. */
int rlx_mlx_memory_of(rlx_mlx_array_t* const* handles, size_t n, size_t* out);

/* Starts the peak again from 0 (MLX: reset_peak_memory). */
int rlx_mlx_memory_reset_peak(void);

/* Gives the cache back to the system (MLX: clear_cache). */
int rlx_mlx_memory_clear_cache(void);

/* The limit that evaluation tries to stay under (MLX: get_memory_limit), and that on what is kept for reuse. Where MLX
 * has no GPU, the first to ask for the latter raises it from MLX's 32 MiB to 128 MiB. */
int rlx_mlx_memory_limit(size_t* out);
int rlx_mlx_memory_cache_limit(size_t* out);

/* Setters; each writes the limit that held before to `out_previous`, which may be NULL. The memory limit is a guide
 * (MLX: set_memory_limit); above the cache limit freed buffers go back to the system (set_cache_limit), 0 turns the
 * cache off; memory up to the wired limit stays resident (set_wired_limit, Metal on macOS 15 or later; elsewhere
 * without effect). */
int rlx_mlx_memory_set_limit(size_t limit, size_t* out_previous);
int rlx_mlx_memory_set_cache_limit(size_t limit, size_t* out_previous);
int rlx_mlx_memory_set_wired_limit(size_t limit, size_t* out_previous);

/* The `mlx::core::allocator::Allocator` that throws `std::bad_alloc` where MLX's own gives a buffer at address 0, which
 * MLX's CPU ops write to. Who opens libmlx can export this under the name of MLX's `allocator()`, mangled, on systems
 * where libmlx then calls it (ELF); libmlx has to be a library of its own. */
void* rlx_mlx_allocator(void);

RLX_MLX_C_END
#endif
