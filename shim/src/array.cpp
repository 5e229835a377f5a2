#include <cstdint>
#include <memory>

#include "elements.h"
#include "mlx/allocator.h"
#include "mlx/ops.h"
#include "operands.h"

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

// An array over foreign memory, or nothing where MLX cannot read it in place.
std::optional<mx::array> borrow(const mx::Shape& shape, mx::Dtype dtype, const void* data, size_t nbytes,
                                Release& release) {
  if (!can_borrow(dtype, data, nbytes) || !is_readable_in_front(data)) {
    return std::nullopt;
  }
  // std::function wants a copyable target.
  auto owner = std::make_shared<Release>(std::move(release));
  return borrowed(shape, dtype, data, [owner](mx::allocator::Buffer) mutable { owner.reset(); });
}

// The one element of `a`, in memory as a T.
template <typename T>
T item(const mx::array& a, mx::Dtype dtype) {
  if (a.size() != 1) {
    bad_shape(std::to_string(a.size()) + " elements instead of one");
  }
  T value;
  // A cast to f64 exists on the CPU only, like f64 itself.
  read_all(mx::astype(a, dtype, cpu_here()), &value);
  return value;
}

// Writes a list into a caller's buffer: the length first, so that a short buffer tells the need.
template <typename List, typename T>
void write_list(const List& list, T* out, size_t cap, size_t& out_count, const char* name) {
  out_count = list.size();
  if (list.size() > cap) {
    bad_shape("rank " + std::to_string(list.size()) + " does not fit");
  }
  if (!list.empty()) {
    target(out, name);
  }
  std::copy(list.begin(), list.end(), out);
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

int rlx_mlx_array_from_data(const int* shape, size_t ndim, const float* data, size_t nelems, rlx_mlx_dtype_t dtype,
                            rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    auto dims = shape_of(shape, ndim);
    const auto type = dtype_of(dtype);
    if (nelems > SIZE_MAX / sizeof(float)) {
      bad_shape(std::to_string(nelems) + " elements are too many");
    }
    const size_t nbytes = nelems * sizeof(float);
    check_bytes(dims, mx::float32, data, nbytes);
    const auto value = copy_in(std::move(dims), mx::float32, data, nbytes);
    return handle(type == mx::float32 ? value : mx::astype(value, type, here()));
  });
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
  return produce(__func__, out, [&] { return handle(mx::array(shape_of(shape, ndim), dtype_of(dtype), nullptr, {})); });
}

int rlx_mlx_array_scalar(double value, rlx_mlx_dtype_t dtype, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(mx::array(value, dtype_of(dtype))); });
}

int rlx_mlx_array_to_bytes(rlx_mlx_array_t* h, void* dst, size_t dst_cap, size_t* out_nbytes) {
  return guarded(__func__, [&] {
    const auto& value = in(h, "h");
    target(out_nbytes, "out_nbytes") = value.nbytes();
    if (value.nbytes() > dst_cap) {
      bad_shape(std::to_string(value.nbytes()) + " bytes do not fit into " + std::to_string(dst_cap));
    }
    if (value.nbytes() > 0 && !dst) {
      throw Failure(RLX_MLX_ERR_NULL, "dst is NULL");
    }
    read_all(value, dst);
  });
}

int rlx_mlx_array_to_f32(rlx_mlx_array_t* h, float* dst, size_t nelems) {
  return guarded(__func__, [&] {
    const auto& value = in(h, "h");
    if (value.dtype() == mx::complex64) {
      bad_dtype("complex64 does not fit into f32, take its real or imaginary part first");
    }
    if (value.size() > nelems) {
      bad_shape(std::to_string(value.size()) + " elements do not fit into " + std::to_string(nelems));
    }
    if (value.size() > 0) {
      target(dst, "dst");
    }
    read_all(value.dtype() == mx::float32 ? value : mx::astype(value, mx::float32, here()), dst);
  });
}

int rlx_mlx_array_item_f64(rlx_mlx_array_t* h, double* out) {
  return guarded(__func__, [&] {
    const auto& value = in(h, "h");
    if (value.dtype() == mx::complex64) {
      bad_dtype("complex64 does not fit into f64");
    }
    target(out) = item<double>(value, mx::float64);
  });
}

int rlx_mlx_array_item_i64(rlx_mlx_array_t* h, int64_t* out) {
  return guarded(__func__, [&] {
    const auto& value = in(h, "h");
    if (mx::issubdtype(value.dtype(), mx::inexact)) {
      bad_dtype("h must be integers or bool");
    }
    target(out) = item<int64_t>(value, mx::int64);
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
    const auto& value = in(h, "h");
    write_list(value.shape(), out_shape, cap, target(out_ndim, "out_ndim"), "out_shape");
  });
}

int rlx_mlx_array_ndim(rlx_mlx_array_t* h, size_t* out) {
  return guarded(__func__, [&] { target(out) = in(h, "h").ndim(); });
}

int rlx_mlx_array_size(rlx_mlx_array_t* h, size_t* out) {
  return guarded(__func__, [&] { target(out) = in(h, "h").size(); });
}

int rlx_mlx_array_nbytes(rlx_mlx_array_t* h, size_t* out) {
  return guarded(__func__, [&] { target(out) = in(h, "h").nbytes(); });
}

int rlx_mlx_array_strides(rlx_mlx_array_t* h, int64_t* out_strides, size_t cap, size_t* out_ndim) {
  return guarded(__func__, [&] {
    auto value = in(h, "h");
    auto& count = target(out_ndim, "out_ndim");
    settle(value);
    write_list(value.strides(), out_strides, cap, count, "out_strides");
  });
}

int rlx_mlx_array_is_contiguous(rlx_mlx_array_t* h, int* out) {
  return guarded(__func__, [&] {
    auto value = in(h, "h");
    auto& result = target(out);
    settle(value);
    result = value.flags().row_contiguous ? 1 : 0;
  });
}

int rlx_mlx_array_shares_memory(rlx_mlx_array_t* a, rlx_mlx_array_t* b, int* out) {
  return guarded(__func__, [&] {
    std::vector<mx::array> both{in(a, "a"), in(b, "b")};
    auto& result = target(out);
    settle(both);
    result = both[0].data_shared_ptr() == both[1].data_shared_ptr() ? 1 : 0;
  });
}

int rlx_mlx_array_dtype(rlx_mlx_array_t* h, rlx_mlx_dtype_t* out) {
  return guarded(__func__, [&] {
    const auto type = in(h, "h").dtype();
    target(out);
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
