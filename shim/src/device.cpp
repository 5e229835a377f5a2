#include "internal.h"
#include "mlx/device.h"
#include "mlx/version.h"

using namespace rlx_mlx;

namespace {

mx::Device device_of(rlx_mlx_device_t device, size_t index) {
  switch (device) {
    case RLX_MLX_DEVICE_CPU: return mx::Device(mx::Device::cpu, static_cast<int>(index));
    case RLX_MLX_DEVICE_GPU: return mx::Device(mx::Device::gpu, static_cast<int>(index));
  }
  throw Failure(RLX_MLX_ERR_GENERIC, "unknown device kind " + std::to_string(static_cast<int>(device)));
}

#define RLX_MLX_TEXT_(x) #x
#define RLX_MLX_TEXT(x) RLX_MLX_TEXT_(x)

}  // namespace

extern "C" {

const char* rlx_mlx_version(void) {
  return mx::version();
}

const char* rlx_mlx_header_version(void) {
  return RLX_MLX_TEXT(MLX_VERSION_MAJOR) "." RLX_MLX_TEXT(MLX_VERSION_MINOR) "." RLX_MLX_TEXT(MLX_VERSION_PATCH);
}

int rlx_mlx_device_count(rlx_mlx_device_t device, size_t* out) {
  return guarded(__func__, [&] {
    if (!out) {
      throw Failure(RLX_MLX_ERR_NULL, "out is NULL");
    }
    const auto kind = device_of(device, 0);
    *out = mx::is_available(kind) ? static_cast<size_t>(mx::device_count(kind.type)) : 0;
  });
}

int rlx_mlx_device_name(rlx_mlx_device_t device, size_t index, const char** out) {
  thread_local std::string name;
  return guarded(__func__, [&] {
    if (!out) {
      throw Failure(RLX_MLX_ERR_NULL, "out is NULL");
    }
    *out = "";
    const auto& info = mx::device_info(device_of(device, index));
    auto found = info.find("device_name");
    if (found != info.end() && std::holds_alternative<std::string>(found->second)) {
      name = std::get<std::string>(found->second);
      *out = name.c_str();
    }
  });
}

int rlx_mlx_device_memory(rlx_mlx_device_t device, size_t index, uint64_t* out) {
  return guarded(__func__, [&] {
    if (!out) {
      throw Failure(RLX_MLX_ERR_NULL, "out is NULL");
    }
    *out = 0;
    const auto& info = mx::device_info(device_of(device, index));
    for (const char* key : {"memory_size", "total_memory"}) {
      auto found = info.find(key);
      if (found != info.end() && std::holds_alternative<size_t>(found->second)) {
        *out = std::get<size_t>(found->second);
        return;
      }
    }
  });
}

}  // extern "C"
