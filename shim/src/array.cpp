#include <cstdint>
#include <cstring>
#include <memory>

#include "internal.h"
#include "mlx/allocator.h"
#include "mlx/ops.h"
#include "mlx/transforms.h"

using namespace rlx_mlx;

namespace {

// Calls the caller's release function once, whatever happens.
class Release {
 public:
  Release(rlx_mlx_release_fn fn, void* context) : fn_(fn), context_(context) {}
  Release(Release&& other) noexcept : fn_(std::exchange(other.fn_, nullptr)), context_(other.context_) {}
  Release(const Release&) = delete;
  Release& operator=(const Release&) = delete;
  ~Release() {
    if (fn_) {
      fn_(context_);
    }
  }

 private:
  rlx_mlx_release_fn fn_;
  void* context_;
};

void check_bytes(const mx::Shape& shape, mx::Dtype dtype, const void* data, size_t nbytes) {
  size_t elements = 1;
  for (auto extent : shape) {
    elements *= static_cast<size_t>(extent);
  }
  if (elements * mx::size_of(dtype) != nbytes) {
    throw Failure(RLX_MLX_ERR_BAD_SHAPE, std::to_string(nbytes) + " bytes for " + std::to_string(elements) +
                                             " elements of " + std::to_string(mx::size_of(dtype)) + " bytes");
  }
  if (nbytes > 0 && !data) {
    throw Failure(RLX_MLX_ERR_NULL, "data is NULL");
  }
}

mx::array copy_in(mx::Shape shape, mx::Dtype dtype, const void* data, size_t nbytes) {
  auto buffer = mx::allocator::malloc(nbytes);
  auto* bytes = static_cast<unsigned char*>(buffer.buffer().raw_ptr());
  if (nbytes > 0) {
    std::memcpy(bytes, data, nbytes);
  }
  if (dtype == mx::bool_) {
    for (size_t i = 0; i < nbytes; ++i) {
      bytes[i] = bytes[i] != 0;
    }
  }
  return mx::array(std::move(buffer), std::move(shape), dtype);
}

// How far a CPU buffer's data lies behind the pointer that MLX's allocator hands out, when it is fixed: MLX's CPU
// allocator puts the size in front. Measured once on a real buffer instead of assumed.
ptrdiff_t cpu_data_offset() {
  static const ptrdiff_t offset = [] {
    auto probe = mx::allocator::malloc(64);
    auto buffer = probe.buffer();
    return static_cast<char*>(buffer.raw_ptr()) - static_cast<char*>(buffer.ptr());
  }();
  return offset;
}

// An array over foreign memory, or nothing where MLX cannot read it in place.
std::optional<mx::array> borrow(const mx::Shape& shape, mx::Dtype dtype, const void* data, size_t nbytes, Release& release) {
  const bool aligned = reinterpret_cast<std::uintptr_t>(data) % mx::size_of(dtype) == 0;
  // Bool bytes have to be checked, and a GPU build's buffers are not plain pointers.
  if (nbytes == 0 || dtype == mx::bool_ || !aligned || mx::is_available(mx::Device::gpu)) {
    return std::nullopt;
  }
  mx::allocator::Buffer buffer(static_cast<char*>(const_cast<void*>(data)) - cpu_data_offset());
  if (buffer.raw_ptr() != data) {
    return std::nullopt;
  }
  // std::function wants a copyable target.
  auto owner = std::make_shared<Release>(std::move(release));
  mx::allocator::Data view(buffer, [owner](mx::allocator::Buffer) mutable { owner.reset(); });
  return mx::array(std::move(view), shape, dtype);
}

}  // namespace

extern "C" {

size_t rlx_mlx_dtype_size(rlx_mlx_dtype_t dtype) {
  try {
    return mx::size_of(dtype_of(dtype));
  } catch (...) {
    return 0;
  }
}

int rlx_mlx_array_from_bytes(const int* shape, size_t ndim, const void* data, size_t nbytes, rlx_mlx_dtype_t dtype,
                             rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    auto dims = shape_of(shape, ndim);
    auto type = dtype_of(dtype);
    check_bytes(dims, type, data, nbytes);
    return handle(copy_in(std::move(dims), type, data, nbytes));
  });
}

int rlx_mlx_array_from_borrowed(const int* shape, size_t ndim, const void* data, size_t nbytes, rlx_mlx_dtype_t dtype,
                                rlx_mlx_release_fn release, void* context, rlx_mlx_array_t** out) {
  Release owner(release, context);
  return produce(__func__, out, [&] {
    auto dims = shape_of(shape, ndim);
    auto type = dtype_of(dtype);
    check_bytes(dims, type, data, nbytes);
    if (auto view = borrow(dims, type, data, nbytes, owner)) {
      return handle(*view);
    }
    return handle(copy_in(std::move(dims), type, data, nbytes));
  });
}

int rlx_mlx_array_placeholder(const int* shape, size_t ndim, rlx_mlx_dtype_t dtype, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    return handle(mx::array(shape_of(shape, ndim), dtype_of(dtype), nullptr, {}));
  });
}

int rlx_mlx_array_scalar(double value, rlx_mlx_dtype_t dtype, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(mx::array(value, dtype_of(dtype))); });
}

int rlx_mlx_array_to_bytes(rlx_mlx_array_t* h, void* dst, size_t dst_cap, size_t* out_nbytes) {
  return guarded(__func__, [&] {
    auto value = in(h, "h");
    if (!out_nbytes) {
      throw Failure(RLX_MLX_ERR_NULL, "out_nbytes is NULL");
    }
    *out_nbytes = value.nbytes();
    if (value.nbytes() > dst_cap) {
      throw Failure(RLX_MLX_ERR_BAD_SHAPE,
                    std::to_string(value.nbytes()) + " bytes do not fit into " + std::to_string(dst_cap));
    }
    if (value.nbytes() > 0 && !dst) {
      throw Failure(RLX_MLX_ERR_NULL, "dst is NULL");
    }
    value.eval();
    // The flags of a lazy array say nothing, so they are read after evaluation only.
    if (!value.flags().row_contiguous) {
      value = mx::contiguous(value, false, here());
      value.eval();
    }
    if (value.nbytes() > 0) {
      std::memcpy(dst, value.data<unsigned char>(), value.nbytes());
    }
  });
}

void rlx_mlx_array_free(rlx_mlx_array_t* h) {
  delete h;
}

int rlx_mlx_array_clone(rlx_mlx_array_t* h, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(in(h, "h")); });
}

int rlx_mlx_array_shape(rlx_mlx_array_t* h, int* out_shape, size_t cap, size_t* out_ndim) {
  return guarded(__func__, [&] {
    const auto& shape = in(h, "h").shape();
    if (!out_ndim) {
      throw Failure(RLX_MLX_ERR_NULL, "out_ndim is NULL");
    }
    *out_ndim = shape.size();
    if (shape.size() > cap) {
      throw Failure(RLX_MLX_ERR_BAD_SHAPE, "rank " + std::to_string(shape.size()) + " does not fit");
    }
    if (!shape.empty() && !out_shape) {
      throw Failure(RLX_MLX_ERR_NULL, "out_shape is NULL");
    }
    std::copy(shape.begin(), shape.end(), out_shape);
  });
}

int rlx_mlx_array_dtype(rlx_mlx_array_t* h, rlx_mlx_dtype_t* out) {
  return guarded(__func__, [&] {
    const auto type = in(h, "h").dtype();
    if (!out) {
      throw Failure(RLX_MLX_ERR_NULL, "out is NULL");
    }
    for (int d = RLX_MLX_DTYPE_F32; d <= RLX_MLX_DTYPE_C64; ++d) {
      if (dtype_of(static_cast<rlx_mlx_dtype_t>(d)) == type) {
        *out = static_cast<rlx_mlx_dtype_t>(d);
        return;
      }
    }
    throw Failure(RLX_MLX_ERR_BAD_DTYPE, "an MLX dtype without a value in rlx_mlx_dtype_t");
  });
}

size_t rlx_mlx_live_handles(void) {
  return live_handles.load(std::memory_order_relaxed);
}

}  // extern "C"
