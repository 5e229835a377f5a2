#include "mlx/random.h"

#include <chrono>

#include "operands.h"

using namespace rlx_mlx;

namespace {

// The SplitMix64 step: far apart outputs for neighbouring inputs.
uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

// Seeds of a thread. MLX's own default sequences start alike on all threads, and chain lazy arrays on a default stream.
class Sequence {
 public:
  Sequence() {
    static std::atomic<uint64_t> threads{0};
    const auto now = std::chrono::system_clock::now().time_since_epoch().count();
    start(mix(static_cast<uint64_t>(now)) ^ mix(threads.fetch_add(1)));
  }
  void start(uint64_t seed) { state_ = mix(seed); }
  uint64_t next() { return mix(state_++); }

 private:
  uint64_t state_ = 0;
};

Sequence& sequence() {
  thread_local Sequence own;
  return own;
}

const mx::array& key_of(const rlx_mlx_array_t* handle) {
  const auto& key = in(handle, "key");
  if (key.dtype() != mx::uint32) {
    bad_dtype("key must be u32");
  }
  need_shape(key, {2}, "key");
  return key;
}

mx::Dtype float_of(rlx_mlx_dtype_t code, bool wide = false) {
  const auto dtype = dtype_of(code);
  const bool narrow = mx::issubdtype(dtype, mx::floating) && dtype != mx::float64;
  if (!narrow && !(wide && mx::issubdtype(dtype, mx::inexact))) {
    bad_dtype(wide ? "dtype must be a float or complex64" : "dtype must be f16, bf16 or f32");
  }
  return dtype;
}

// A parameter of a distribution over `shape`.
const mx::array& parameter(const rlx_mlx_array_t* handle, const mx::Shape& shape, const char* name) {
  const auto& value = in(handle, name);
  check_broadcast(value.shape(), shape);
  return value;
}

const mx::array& logits_of(const rlx_mlx_array_t* handle, int axis) {
  const auto& logits = in(handle, "logits");
  if (logits.dtype() == mx::complex64 || logits.dtype() == mx::float64) {
    bad_dtype("logits must be real and of at most 32 bits");
  }
  if (logits.shape(axis_of(logits, axis)) == 0) {
    bad_shape("logits have no classes");
  }
  return logits;
}

}  // namespace

extern "C" {

int rlx_mlx_op_random_key(uint64_t seed, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(mx::random::key(seed)); });
}

int rlx_mlx_op_random_split(rlx_mlx_array_t* key, int num, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& parent = key_of(key);
    if (num < 1) {
      bad_shape(std::to_string(num) + " keys");
    }
    return handle(mx::random::split(parent, num, here()));
  });
}

int rlx_mlx_op_random_bits(const int* shape, size_t ndim, int width, rlx_mlx_array_t* key, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto dims = shape_of(shape, ndim);
    if (width != 1 && width != 2 && width != 4) {
      bad_dtype("a width of " + std::to_string(width) + " bytes instead of 1, 2 or 4");
    }
    const auto bits = mx::random::bits(dims, width, key_of(key), here());
    return handle(width == 2 ? mx::astype(bits, mx::uint32, here()) : bits);
  });
}

int rlx_mlx_op_random_uniform(rlx_mlx_array_t* low, rlx_mlx_array_t* high, const int* shape, size_t ndim,
                              rlx_mlx_dtype_t dtype, rlx_mlx_array_t* key, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto dims = shape_of(shape, ndim);
    const auto type = float_of(dtype);
    return handle(mx::random::uniform(parameter(low, dims, "low"), parameter(high, dims, "high"), dims, type,
                                      key_of(key), here()));
  });
}

int rlx_mlx_op_random_normal(const int* shape, size_t ndim, rlx_mlx_dtype_t dtype, rlx_mlx_array_t* loc_or_null,
                             rlx_mlx_array_t* scale_or_null, rlx_mlx_array_t* key, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto dims = shape_of(shape, ndim);
    const auto type = float_of(dtype, true);
    const auto loc = loc_or_null ? std::optional(parameter(loc_or_null, dims, "loc")) : std::nullopt;
    const auto scale = scale_or_null ? std::optional(parameter(scale_or_null, dims, "scale")) : std::nullopt;
    return handle(mx::random::normal(dims, type, loc, scale, key_of(key), here()));
  });
}

int rlx_mlx_op_random_truncated_normal(rlx_mlx_array_t* lower, rlx_mlx_array_t* upper, const int* shape, size_t ndim,
                                       rlx_mlx_dtype_t dtype, rlx_mlx_array_t* key, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto dims = shape_of(shape, ndim);
    const auto type = float_of(dtype);
    return handle(mx::random::truncated_normal(parameter(lower, dims, "lower"), parameter(upper, dims, "upper"), dims,
                                               type, key_of(key), here()));
  });
}

int rlx_mlx_op_random_gumbel(const int* shape, size_t ndim, rlx_mlx_dtype_t dtype, rlx_mlx_array_t* key,
                             rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    return handle(mx::random::gumbel(shape_of(shape, ndim), float_of(dtype), key_of(key), here()));
  });
}

int rlx_mlx_op_random_laplace(const int* shape, size_t ndim, rlx_mlx_dtype_t dtype, float loc, float scale,
                              rlx_mlx_array_t* key, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    return handle(mx::random::laplace(shape_of(shape, ndim), float_of(dtype), loc, scale, key_of(key), here()));
  });
}

int rlx_mlx_op_random_bernoulli(rlx_mlx_array_t* p, const int* shape, size_t ndim, rlx_mlx_array_t* key,
                                rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto dims = shape_of(shape, ndim);
    const auto& probability = parameter(p, dims, "p");
    need_floating(probability, "p");
    return handle(mx::random::bernoulli(probability, dims, key_of(key), here()));
  });
}

int rlx_mlx_op_random_randint(rlx_mlx_array_t* low, rlx_mlx_array_t* high, const int* shape, size_t ndim,
                              rlx_mlx_dtype_t dtype, rlx_mlx_array_t* key, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto s = here();
    const auto dims = shape_of(shape, ndim);
    const auto type = dtype_of(dtype);
    const auto& first = parameter(low, dims, "low");
    const auto& end = parameter(high, dims, "high");
    if (!whole_number(type)) {
      bad_dtype("dtype must be integers or bool");
    }
    need_integer(first, "low");
    need_integer(end, "high");
    const auto drawn = mx::random::randint(first, end, dims, type, key_of(key), s);
    if (type == mx::bool_) {
      return handle(drawn);
    }
    // Rounding in f32 may reach the end of a large range, and fall short of its start.
    const auto bottom = mx::astype(first, type, s);
    const auto top = mx::astype(mx::subtract(end, mx::array(1, end.dtype()), s), type, s);
    return handle(mx::maximum(mx::minimum(drawn, top, s), bottom, s));
  });
}

int rlx_mlx_op_random_permutation(rlx_mlx_array_t* x, int axis, rlx_mlx_array_t* key, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& value = in(x, "x");
    return handle(mx::random::permutation(value, axis_of(value, axis), key_of(key), here()));
  });
}

int rlx_mlx_op_random_categorical(rlx_mlx_array_t* logits, int axis, int num, rlx_mlx_array_t* key,
                                  rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& value = logits_of(logits, axis);
    if (num < 1) {
      bad_shape(std::to_string(num) + " draws");
    }
    return handle(mx::random::categorical(value, axis_of(value, axis), num, key_of(key), here()));
  });
}

int rlx_mlx_op_categorical(rlx_mlx_array_t* logits, int axis, uint64_t seed, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& value = logits_of(logits, axis);
    const auto key = mx::random::key(seed != 0 ? seed : sequence().next());
    return handle(mx::random::categorical(value, axis_of(value, axis), key, here()));
  });
}

int rlx_mlx_random_seed(uint64_t seed) {
  return guarded(__func__, [&] {
    sequence().start(seed);
    mx::random::seed(seed);
  });
}

}  // extern "C"
