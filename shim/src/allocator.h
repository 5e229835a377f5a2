// MLX's allocator, which fails where MLX's own gives no memory.
#ifndef RLX_MLX_SRC_ALLOCATOR_H
#define RLX_MLX_SRC_ALLOCATOR_H

#include <cstddef>

namespace rlx_mlx {

// What MLX counts as in use although the system did not give it.
size_t bytes_never_given();

}  // namespace rlx_mlx

#endif
