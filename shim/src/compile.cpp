// Functions traced by need, and the cap on their outputs.
#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>

#include "tape.h"

using namespace rlx_mlx;

namespace {

constexpr size_t DEFAULT_CAP = 1024;
constexpr size_t LARGEST_CAP = size_t{1} << 20;

// 0: not set.
std::atomic<size_t> cap_set{0};

// The number in an environment variable; 0 when it is absent or no cap.
size_t cap_in(const char* variable) noexcept {
  const char* text = std::getenv(variable);
  if (!text) {
    return 0;
  }
  size_t value = 0;
  const char* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, value);
  return error == std::errc() && stop == end && value <= LARGEST_CAP ? value : 0;
}

}  // namespace

struct rlx_mlx_compiled_s : Counted {
  rlx_mlx_lower_fn fn;
  void* ud;
  bool shapeless;

  rlx_mlx_compiled_s(rlx_mlx_lower_fn fn, void* ud, bool shapeless) : fn(fn), ud(ud), shapeless(shapeless) {}

  // The trace for these inputs on this thread's stream, made now if there is none. A trace is never changed or dropped
  // while the handle lives, so it is used without the lock.
  const Tape& tape_for(const std::vector<mx::array>& inputs) {
    const auto stream = mx::to_stream(here());
    std::lock_guard lock(mutex_);
    if (tracing_) {
      throw Failure(RLX_MLX_ERR_GENERIC, "a compiled function cannot call itself");
    }
    for (const auto& entry : entries_) {
      if (entry->stream == stream && entry->tape.fits(inputs)) {
        return entry->tape;
      }
    }
    tracing_ = true;
    const struct Reset {
      bool& flag;
      ~Reset() { flag = false; }
    } reset{tracing_};
    const size_t cap = rlx_mlx_compile_output_cap();
    auto tape = record([&](const auto& tracers) { return lower_with(fn, ud, tracers, cap); }, inputs, shapeless);
    entries_.push_back(std::make_unique<Entry>(Entry{stream, std::move(tape)}));
    return entries_.back()->tape;
  }

 private:
  struct Entry {
    mx::Stream stream;
    Tape tape;
  };

  // Recursive so that a function that calls itself meets an error instead of a deadlock.
  std::recursive_mutex mutex_;
  bool tracing_ = false;
  std::vector<std::unique_ptr<Entry>> entries_;
};

extern "C" {

int rlx_mlx_compile(rlx_mlx_lower_fn fn, void* ud, int shapeless, rlx_mlx_compiled_t** out) {
  return produce(__func__, out, [&] {
    if (!fn) {
      throw Failure(RLX_MLX_ERR_NULL, "fn is NULL");
    }
    return new rlx_mlx_compiled_s(fn, ud, shapeless != 0);
  });
}

int rlx_mlx_compiled_call(rlx_mlx_compiled_t* compiled, rlx_mlx_array_t* const* inputs, size_t n_inputs,
                          rlx_mlx_array_t** out_outputs, size_t cap, size_t* out_n_outputs) {
  if (out_outputs) {
    std::fill(out_outputs, out_outputs + cap, nullptr);
  }
  if (out_n_outputs) {
    *out_n_outputs = 0;
  }
  return guarded(__func__, [&] {
    if (!compiled || !out_n_outputs || (cap > 0 && !out_outputs)) {
      throw Failure(RLX_MLX_ERR_NULL, std::string(!compiled        ? "compiled"
                                                  : !out_n_outputs ? "out_n_outputs"
                                                                   : "out_outputs") +
                                          " is NULL");
    }
    const auto arrays = arrays_of(inputs, n_inputs, "inputs");
    const Tape& tape = compiled->tape_for(arrays);
    const size_t count = tape.outputs.size();
    if (count > cap) {
      *out_n_outputs = count;
      throw Failure(RLX_MLX_ERR_BAD_SHAPE,
                    std::to_string(count) + " outputs do not fit into " + std::to_string(cap) + " slots");
    }
    Handles(tape.replay(arrays)).give(out_outputs);
    *out_n_outputs = count;
  });
}

void rlx_mlx_compiled_free(rlx_mlx_compiled_t* compiled) {
  delete compiled;
}

size_t rlx_mlx_compile_output_cap(void) {
  for (size_t cap : {cap_set.load(std::memory_order_relaxed), cap_in("RLX_COMPILE_OUTPUT_CAP"),
                     cap_in("RLX_MLX_COMPILE_OUTPUT_CAP")}) {
    if (cap > 0) {
      return cap;
    }
  }
  return DEFAULT_CAP;
}

void rlx_mlx_set_compile_output_cap(size_t cap) {
  cap_set.store(cap < LARGEST_CAP ? cap : LARGEST_CAP, std::memory_order_relaxed);
}

void rlx_mlx_reset_compile_output_cap(void) {
  cap_set.store(0, std::memory_order_relaxed);
}

}  // extern "C"
