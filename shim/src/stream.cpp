#include "internal.h"
#include "mlx/transforms.h"

using namespace rlx_mlx;

namespace {
thread_local std::optional<mx::Stream> current;
}

namespace rlx_mlx {

mx::StreamOrDevice here() {
  if (current) {
    return *current;
  }
  return {};
}

}  // namespace rlx_mlx

extern "C" {

int rlx_mlx_eval(rlx_mlx_array_t* const* handles, size_t n) {
  return guarded(__func__, [&] { mx::eval(arrays_of(handles, n, "handles")); });
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
    return new rlx_mlx_stream_s(mx::new_thread_unsafe_stream(kind));
  });
}

void rlx_mlx_stream_free(rlx_mlx_stream_t* stream) {
  delete stream;
}

int rlx_mlx_stream_enter(rlx_mlx_stream_t* stream) {
  return guarded(__func__, [&] {
    current = stream ? std::optional(stream->value) : std::nullopt;
  });
}

}  // extern "C"
