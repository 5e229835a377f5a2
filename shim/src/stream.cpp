#include <algorithm>
#include <mutex>

#include "failures.h"
#include "mlx/scheduler.h"
#include "mlx/transforms.h"
#include "operands.h"

using namespace rlx_mlx;

namespace {

thread_local std::optional<mx::Stream> current;

// Streams that the shim made. MLX keeps every stream for the life of the process, so none leaves the list.
struct Registry {
  std::mutex mutex;
  std::vector<mx::Stream> streams;
};

Registry& registry() {
  static auto* all = new Registry;
  return *all;
}

const rlx_mlx_stream_s& stream_in(const rlx_mlx_stream_t* stream) {
  if (!stream) {
    throw Failure(RLX_MLX_ERR_NULL, "stream is NULL");
  }
  return *stream;
}

}  // namespace

namespace rlx_mlx {

mx::StreamOrDevice here() {
  if (current) {
    return *current;
  }
  return {};
}

mx::Stream shared_stream(mx::Device device) {
  const auto stream = mx::new_thread_unsafe_stream(device);
  std::lock_guard lock(registry().mutex);
  registry().streams.push_back(stream);
  return stream;
}

void settle(std::vector<mx::array>& arrays) {
  const bool is_settled = std::all_of(arrays.begin(), arrays.end(), [](const auto& a) { return a.is_available(); });
  const auto streams = is_settled ? std::vector<mx::Stream>() : callback_streams(arrays);
  mx::eval(arrays);
  for (auto& a : arrays) {
    a.wait();
  }
  tell_failures(streams);
}

void settle(mx::array& a) {
  if (!a.is_available()) {
    const auto streams = callback_streams({a});
    a.eval();
    tell_failures(streams);
  }
}

}  // namespace rlx_mlx

extern "C" {

int rlx_mlx_eval(rlx_mlx_array_t* const* handles, size_t n) {
  return guarded(__func__, [&] {
    auto arrays = arrays_of(handles, n, "handles");
    settle(arrays);
  });
}

int rlx_mlx_async_eval(rlx_mlx_array_t* const* handles, size_t n) {
  return guarded(__func__, [&] { mx::async_eval(arrays_of(handles, n, "handles")); });
}

int rlx_mlx_synchronize(void) {
  return guarded(__func__, [&] {
    std::vector<mx::Stream> streams;
    {
      // Copied, so that waiting does not stop others from making streams.
      std::lock_guard lock(registry().mutex);
      streams = registry().streams;
    }
    for (const auto kind : {mx::Device::cpu, mx::Device::gpu}) {
      // MLX has no list of streams for a device that is missing.
      const auto stream = mx::is_available(kind) ? mx::peek_default_stream(kind) : std::nullopt;
      if (stream) {
        streams.push_back(*stream);
      }
    }
    for (const auto& stream : streams) {
      mx::synchronize(stream);
    }
    tell_failures(streams);
  });
}

int rlx_mlx_active_tasks(int* out) {
  return guarded(__func__, [&] { target(out) = mx::scheduler::n_active_tasks(); });
}

int rlx_mlx_stream_new(rlx_mlx_device_t device, rlx_mlx_stream_t** out) {
  return produce(__func__, out, [&] {
    if (device != RLX_MLX_DEVICE_CPU && device != RLX_MLX_DEVICE_GPU) {
      throw Failure(RLX_MLX_ERR_GENERIC, "unknown device kind " + std::to_string(static_cast<int>(device)));
    }
    const mx::Device kind(device == RLX_MLX_DEVICE_CPU ? mx::Device::cpu : mx::Device::gpu);
    if (!mx::is_available(kind)) {
      throw Failure(RLX_MLX_ERR_GENERIC, "this MLX has no such device");
    }
    return new rlx_mlx_stream_s(shared_stream(kind));
  });
}

void rlx_mlx_stream_free(rlx_mlx_stream_t* stream) {
  delete stream;
}

int rlx_mlx_stream_enter(rlx_mlx_stream_t* stream) {
  return guarded(__func__, [&] { current = stream ? std::optional(stream->value) : std::nullopt; });
}

int rlx_mlx_stream_device(rlx_mlx_stream_t* stream, rlx_mlx_device_t* out) {
  return guarded(__func__, [&] {
    const auto& value = stream_in(stream).value;
    target(out) = value.device == mx::Device::cpu ? RLX_MLX_DEVICE_CPU : RLX_MLX_DEVICE_GPU;
  });
}

int rlx_mlx_stream_call(rlx_mlx_stream_t* stream, rlx_mlx_task_fn fn, void* ud) {
  return guarded(__func__, [&] {
    const auto& value = stream_in(stream).value;
    if (!fn) {
      throw Failure(RLX_MLX_ERR_NULL, "fn is NULL");
    }
    mx::scheduler::enqueue(cpu_of(value), [fn, ud] { fn(ud); });
  });
}

int rlx_mlx_stream_synchronize(rlx_mlx_stream_t* stream) {
  return guarded(__func__, [&] {
    const auto& value = stream_in(stream).value;
    const std::vector<mx::Stream> streams{cpu_of(value)};
    try {
      mx::synchronize(value);
    } catch (...) {
      // The one that MLX tells is enough.
      forget_failures(streams);
      throw;
    }
    tell_failures(streams);
  });
}

}  // extern "C"
