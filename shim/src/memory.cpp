#include "mlx/memory.h"

#include <limits>
#include <mutex>

#include "operands.h"

using namespace rlx_mlx;

namespace {

void tell(size_t previous, size_t* out_previous) {
  if (out_previous) {
    *out_previous = previous;
  }
}

// MLX tells the cache limit only to who sets another. None may do so between the two settings of a question.
std::mutex cache_limit;

}  // namespace

extern "C" {

int rlx_mlx_memory_active(size_t* out) {
  return guarded(__func__, [&] { target(out) = mx::get_active_memory(); });
}

int rlx_mlx_memory_peak(size_t* out) {
  return guarded(__func__, [&] { target(out) = mx::get_peak_memory(); });
}

int rlx_mlx_memory_cached(size_t* out) {
  return guarded(__func__, [&] { target(out) = mx::get_cache_memory(); });
}

int rlx_mlx_memory_of(rlx_mlx_array_t* const* handles, size_t n, size_t* out) {
  return guarded(__func__, [&] {
    const auto arrays = arrays_of(handles, n, "handles");
    auto& result = target(out);
    for (const auto& a : arrays) {
      if (!a.is_available()) {
        throw Failure(RLX_MLX_ERR_GENERIC, "an array is not evaluated yet, call rlx_mlx_eval first");
      }
    }
    result = mx::get_array_buffer_size(arrays);
  });
}

int rlx_mlx_memory_reset_peak(void) {
  return guarded(__func__, [&] { mx::reset_peak_memory(); });
}

int rlx_mlx_memory_clear_cache(void) {
  return guarded(__func__, [&] { mx::clear_cache(); });
}

int rlx_mlx_memory_limit(size_t* out) {
  return guarded(__func__, [&] { target(out) = mx::get_memory_limit(); });
}

int rlx_mlx_memory_cache_limit(size_t* out) {
  return guarded(__func__, [&] {
    auto& result = target(out);
    std::lock_guard lock(cache_limit);
    // A limit above the one that holds drops nothing.
    result = mx::set_cache_limit(std::numeric_limits<size_t>::max());
    mx::set_cache_limit(result);
  });
}

int rlx_mlx_memory_set_limit(size_t limit, size_t* out_previous) {
  return guarded(__func__, [&] { tell(mx::set_memory_limit(limit), out_previous); });
}

int rlx_mlx_memory_set_cache_limit(size_t limit, size_t* out_previous) {
  return guarded(__func__, [&] {
    std::lock_guard lock(cache_limit);
    tell(mx::set_cache_limit(limit), out_previous);
  });
}

int rlx_mlx_memory_set_wired_limit(size_t limit, size_t* out_previous) {
  return guarded(__func__, [&] { tell(mx::set_wired_limit(limit), out_previous); });
}

}  // extern "C"
