// Shared by the families: handle contents, the guard that every fallible function runs in, argument checks.
#pragma once

#include <atomic>
#include <exception>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "mlx/array.h"
#include "mlx/stream.h"
#include "mlx/utils.h"
#include "rlx_mlx_shim.h"

namespace rlx_mlx {

namespace mx = mlx::core;

extern std::atomic<size_t> live_handles;

// Base of every handle: counts it.
struct Counted {
  Counted() { live_handles.fetch_add(1, std::memory_order_relaxed); }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { live_handles.fetch_sub(1, std::memory_order_relaxed); }
};

// A failure with the code it maps to.
struct Failure : std::runtime_error {
  int code;
  Failure(int code, const std::string& message) : std::runtime_error(message), code(code) {}
};

// Stores the thread's error text; never throws.
void set_error(const char* function, const char* message) noexcept;
void clear_error() noexcept;

// Whether an error of MLX's says that memory ran out: its allocators, and its stream threads, keep only the text.
bool is_out_of_memory(const char* message) noexcept;

// Runs `body`; turns any exception into a code and a text that starts with the function's name.
template <typename F>
int guarded(const char* function, F&& body) noexcept {
  clear_error();
  try {
    body();
    return RLX_MLX_OK;
  } catch (const Failure& e) {
    set_error(function, e.what());
    return e.code;
  } catch (const std::bad_alloc&) {
    set_error(function, "out of memory");
    return RLX_MLX_ERR_MEMORY;
  } catch (const std::exception& e) {
    set_error(function, e.what());
    return is_out_of_memory(e.what()) ? RLX_MLX_ERR_MEMORY : RLX_MLX_ERR_GENERIC;
  } catch (...) {
    set_error(function, "unknown C++ exception");
    return RLX_MLX_ERR_GENERIC;
  }
}

// Like guarded() for functions with a result handle: NULL first, so that a failure leaves NULL.
template <typename T, typename F>
int produce(const char* function, T** out, F&& body) noexcept {
  if (out) {
    *out = nullptr;
  }
  return guarded(function, [&] {
    if (!out) {
      throw Failure(RLX_MLX_ERR_NULL, "out is NULL");
    }
    *out = body();
  });
}

// The array behind a handle.
const mx::array& in(const rlx_mlx_array_t* handle, const char* name);
// A fresh handle.
rlx_mlx_array_t* handle(mx::array value);
// The stream of the ops of this thread.
mx::StreamOrDevice here();
// A CPU stream that goes with it, for what MLX does on CPU only: itself, or a companion of the GPU stream that is entered.
mx::Stream cpu_here();
// A new stream for any thread, which rlx_mlx_synchronize knows.
mx::Stream shared_stream(mx::Device device);

// The CPU stream that goes with a stream, likewise.
mx::Stream cpu_of(const mx::Stream& stream);

// Evaluates and waits for each, after which MLX has nothing left to note on them: threads may share them. A failure of
// host code is thrown here.
void settle(std::vector<mx::array>& arrays);
void settle(mx::array& a);

mx::Dtype dtype_of(rlx_mlx_dtype_t dtype);
// A shape with every extent >= 0 (or >= `least`) whose element count fits.
mx::Shape shape_of(const int* dims, size_t rank, int least = 0);
std::vector<int> ints_of(const int* values, size_t count, const char* name);
std::vector<mx::array> arrays_of(rlx_mlx_array_t* const* handles, size_t count, const char* name);
// An axis of `a`, from 0.
int axis_of(const mx::array& a, int axis);

}  // namespace rlx_mlx

struct rlx_mlx_array_s : rlx_mlx::Counted {
  mlx::core::array value;
  explicit rlx_mlx_array_s(mlx::core::array value) : value(std::move(value)) {}
};

struct rlx_mlx_stream_s : rlx_mlx::Counted {
  mlx::core::Stream value;
  explicit rlx_mlx_stream_s(mlx::core::Stream value) : value(value) {}
};
