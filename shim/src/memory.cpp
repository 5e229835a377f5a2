#include "mlx/memory.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>

#include "allocator.h"
#include "mlx/device.h"
#include "operands.h"

using namespace rlx_mlx;

namespace {

void tell(size_t previous, size_t* out_previous) {
  if (out_previous) {
    *out_previous = previous;
  }
}

// What is kept for reuse on the CPU at least. MLX's own 32 MiB are less than what lies between the nodes of an encoder over
// eight texts, and memory that comes anew from the system takes longer to fill than to compute with.
constexpr size_t CPU_CACHE = size_t{128} << 20;

// MLX tells the cache limit only to who sets another, and who sets one waits for all CPU streams. So it is asked for once,
// and noted from then on.
struct CacheLimit {
  std::mutex setting;
  std::atomic<bool> known = false;
  std::atomic<size_t> value = 0;

  size_t get() {
    if (!known) {
      std::lock_guard lock(setting);
      if (!known) {
        // A limit above the one that holds drops nothing.
        const auto own = mx::set_cache_limit(std::numeric_limits<size_t>::max());
        value = mx::is_available(mx::Device::gpu) ? own : std::max(own, CPU_CACHE);
        mx::set_cache_limit(value);
        known = true;
      }
    }
    return value;
  }

  size_t set(size_t limit) {
    std::lock_guard lock(setting);
    const auto previous = mx::set_cache_limit(limit);
    value = limit;
    known = true;
    return previous;
  }
};

CacheLimit& cache_limit() {
  // Never destroyed: threads may ask while the process ends.
  static auto* limit = new CacheLimit;
  return *limit;
}

}  // namespace

extern "C" {

int rlx_mlx_memory_active(size_t* out) {
  return guarded(__func__, [&] { target(out) = mx::get_active_memory() - bytes_never_given(); });
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
  return guarded(__func__, [&] { target(out) = cache_limit().get(); });
}

int rlx_mlx_memory_set_limit(size_t limit, size_t* out_previous) {
  return guarded(__func__, [&] { tell(mx::set_memory_limit(limit), out_previous); });
}

int rlx_mlx_memory_set_cache_limit(size_t limit, size_t* out_previous) {
  return guarded(__func__, [&] { tell(cache_limit().set(limit), out_previous); });
}

int rlx_mlx_memory_set_wired_limit(size_t limit, size_t* out_previous) {
  return guarded(__func__, [&] { tell(mx::set_wired_limit(limit), out_previous); });
}

}  // extern "C"
