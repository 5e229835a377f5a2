#include "mlx/device.h"
#include "mlx/version.h"
#include "operands.h"

using namespace rlx_mlx;

namespace {

size_t count_of(mx::Device kind) {
  return mx::is_available(kind) ? static_cast<size_t>(mx::device_count(kind.type)) : 0;
}

mx::Device kind_of(rlx_mlx_device_t device) {
  switch (device) {
    case RLX_MLX_DEVICE_CPU: return mx::Device::cpu;
    case RLX_MLX_DEVICE_GPU: return mx::Device::gpu;
  }
  throw Failure(RLX_MLX_ERR_GENERIC, "unknown device kind " + std::to_string(static_cast<int>(device)));
}

mx::Device device_of(rlx_mlx_device_t device, size_t index) {
  const auto kind = kind_of(device);
  if (index >= count_of(kind)) {
    throw Failure(RLX_MLX_ERR_GENERIC, "device " + std::to_string(index) + " of " + std::to_string(count_of(kind)) +
                                           (kind == mx::Device::cpu ? " CPU devices" : " GPU devices"));
  }
  return mx::Device(kind.type, static_cast<int>(index));
}

std::string name_of(const mx::Device& device) {
  const auto& info = mx::device_info(device);
  const auto found = info.find("device_name");
  const auto* name = found == info.end() ? nullptr : std::get_if<std::string>(&found->second);
  return name ? *name : "";
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

const char* rlx_mlx_device_name(void) {
  thread_local std::string name;
  const int code = guarded(__func__, [&] { name = name_of(mx::default_device()); });
  return code == RLX_MLX_OK ? name.c_str() : "";
}

int rlx_mlx_device_count(rlx_mlx_device_t device, size_t* out) {
  return guarded(__func__, [&] { target(out) = count_of(kind_of(device)); });
}

int rlx_mlx_device_label(rlx_mlx_device_t device, size_t index, const char** out) {
  thread_local std::string name;
  return guarded(__func__, [&] {
    target(out) = "";
    name = name_of(device_of(device, index));
    *out = name.c_str();
  });
}

int rlx_mlx_device_memory(rlx_mlx_device_t device, size_t index, uint64_t* out) {
  return guarded(__func__, [&] {
    target(out) = 0;
    const auto& info = mx::device_info(device_of(device, index));
    for (const char* key : {"memory_size", "total_memory"}) {
      const auto found = info.find(key);
      const auto* bytes = found == info.end() ? nullptr : std::get_if<size_t>(&found->second);
      if (bytes) {
        *out = *bytes;
        return;
      }
    }
  });
}

int rlx_mlx_device_default(rlx_mlx_device_t* out) {
  return guarded(__func__, [&] {
    target(out) = mx::default_device() == mx::Device::cpu ? RLX_MLX_DEVICE_CPU : RLX_MLX_DEVICE_GPU;
  });
}

int rlx_mlx_device_set_default(rlx_mlx_device_t device) {
  return guarded(__func__, [&] { mx::set_default_device(device_of(device, 0)); });
}

}  // extern "C"
