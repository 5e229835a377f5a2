#include "internal.h"

#include <cstdint>
#include <limits>
#include <map>
#include <mutex>

namespace rlx_mlx {

std::atomic<size_t> live_handles{0};

const mx::array& in(const rlx_mlx_array_t* handle, const char* name) {
  if (!handle) {
    throw Failure(RLX_MLX_ERR_NULL, std::string(name) + " is NULL");
  }
  return handle->value;
}

rlx_mlx_array_t* handle(mx::array value) {
  return new rlx_mlx_array_s(std::move(value));
}

mx::Stream cpu_here() {
  const auto place = here();
  const auto* entered = std::get_if<mx::Stream>(&place);
  if (!entered) {
    return mx::default_stream(mx::Device::cpu);
  }
  return cpu_of(*entered);
}

mx::Stream cpu_of(const mx::Stream& stream) {
  if (stream.device == mx::Device::cpu) {
    return stream;
  }
  // A GPU stream for any thread gets one companion for any thread: whoever has the one to himself has the other too.
  static std::mutex mutex;
  static std::map<int, mx::Stream> companions;
  std::lock_guard lock(mutex);
  auto found = companions.find(stream.index);
  if (found == companions.end()) {
    found = companions.emplace(stream.index, shared_stream(mx::Device::cpu)).first;
  }
  return found->second;
}

mx::Dtype dtype_of(rlx_mlx_dtype_t dtype) {
  switch (dtype) {
    case RLX_MLX_DTYPE_F32: return mx::float32;
    case RLX_MLX_DTYPE_F16: return mx::float16;
    case RLX_MLX_DTYPE_BF16: return mx::bfloat16;
    case RLX_MLX_DTYPE_I32: return mx::int32;
    case RLX_MLX_DTYPE_F64: return mx::float64;
    case RLX_MLX_DTYPE_I8: return mx::int8;
    case RLX_MLX_DTYPE_I16: return mx::int16;
    case RLX_MLX_DTYPE_I64: return mx::int64;
    case RLX_MLX_DTYPE_U8: return mx::uint8;
    case RLX_MLX_DTYPE_U32: return mx::uint32;
    case RLX_MLX_DTYPE_BOOL: return mx::bool_;
    case RLX_MLX_DTYPE_C64: return mx::complex64;
  }
  throw Failure(RLX_MLX_ERR_BAD_DTYPE, "unknown dtype " + std::to_string(static_cast<int>(dtype)));
}

mx::Shape shape_of(const int* dims, size_t rank, int least) {
  if (rank > 0 && !dims) {
    throw Failure(RLX_MLX_ERR_NULL, "shape is NULL");
  }
  mx::Shape shape;
  uint64_t elements = 1;
  for (size_t i = 0; i < rank; ++i) {
    if (dims[i] < least) {
      throw Failure(RLX_MLX_ERR_BAD_SHAPE, "extent " + std::to_string(dims[i]) + " of axis " + std::to_string(i));
    }
    if (dims[i] > 0) {
      // 16 bytes is the largest element, so the size in bytes fits as well.
      if (elements > std::numeric_limits<uint64_t>::max() / 32 / static_cast<uint64_t>(dims[i])) {
        throw Failure(RLX_MLX_ERR_BAD_SHAPE, "the number of elements overflows");
      }
      elements *= static_cast<uint64_t>(dims[i]);
    }
    shape.push_back(dims[i]);
  }
  return shape;
}

std::vector<int> ints_of(const int* values, size_t count, const char* name) {
  if (count > 0 && !values) {
    throw Failure(RLX_MLX_ERR_NULL, std::string(name) + " is NULL");
  }
  return std::vector<int>(values, values + count);
}

std::vector<mx::array> arrays_of(rlx_mlx_array_t* const* handles, size_t count, const char* name) {
  if (count > 0 && !handles) {
    throw Failure(RLX_MLX_ERR_NULL, std::string(name) + " is NULL");
  }
  std::vector<mx::array> arrays;
  arrays.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    arrays.push_back(in(handles[i], name));
  }
  return arrays;
}

int axis_of(const mx::array& a, int axis) {
  const int rank = static_cast<int>(a.ndim());
  if (axis < -rank || axis >= rank) {
    throw Failure(RLX_MLX_ERR_BAD_SHAPE,
                  "axis " + std::to_string(axis) + " of an array of rank " + std::to_string(rank));
  }
  return axis < 0 ? axis + rank : axis;
}

}  // namespace rlx_mlx
