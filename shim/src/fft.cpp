#include "mlx/fft.h"

#include <numeric>

#include "operands.h"

using namespace rlx_mlx;

namespace {

using Norm = mx::fft::FFTNorm;

void single_precision(const mx::array& a) {
  if (a.dtype() == mx::float64) {
    bad_dtype("a is f64, MLX transforms in single precision only");
  }
}

Norm norm_of(rlx_mlx_fft_norm_t norm) {
  switch (norm) {
    case RLX_MLX_FFT_BACKWARD: return Norm::Backward;
    case RLX_MLX_FFT_FORWARD: return Norm::Forward;
    case RLX_MLX_FFT_ORTHO: return Norm::Ortho;
  }
  throw Failure(RLX_MLX_ERR_GENERIC, "unknown norm " + std::to_string(static_cast<int>(norm)));
}

// The IR's scales in NumPy's terms: there an unscaled inverse is the "forward" norm.
Norm norm_of_tag(int tag, bool inverse) {
  switch (tag) {
    case 0: return inverse ? Norm::Forward : Norm::Backward;
    case 1: return Norm::Backward;
    case 2: return Norm::Ortho;
    default: throw Failure(RLX_MLX_ERR_GENERIC, "unknown norm tag " + std::to_string(tag));
  }
}

mx::array last_axis(const mx::array& a, bool inverse, Norm norm) {
  const mx::Shape n{a.shape(-1)};
  return inverse ? mx::fft::ifftn(a, n, {-1}, norm, here()) : mx::fft::fftn(a, n, {-1}, norm, here());
}

// Both parts are copied, not computed with: re + i * im would turn an infinite part into NaN.
mx::array block(const mx::array& a, bool inverse, Norm norm) {
  const auto s = here();
  const auto parts = mx::split(mx::astype(a, mx::float32, s), 2, -1, s);
  const auto pairs = mx::stack({parts[0], parts[1]}, -1, s);
  const auto values = mx::squeeze(mx::view(pairs, mx::complex64, s), -1, s);
  const auto result = mx::view(mx::expand_dims(last_axis(values, inverse, norm), -1, s), mx::float32, s);
  const auto out = mx::split(result, 2, -1, s);
  const auto joined = mx::concatenate({mx::squeeze(out[0], -1, s), mx::squeeze(out[1], -1, s)}, -1, s);
  return mx::issubdtype(a.dtype(), mx::floating) ? mx::astype(joined, a.dtype(), s) : joined;
}

std::vector<int> axes_or_all(const mx::array& a, const int* axes, size_t count) {
  if (count == 0) {
    std::vector<int> all(a.ndim());
    std::iota(all.begin(), all.end(), 0);
    return all;
  }
  ints_of(axes, count, "axes");
  return axes_of(a, axes, count);
}

struct Call {
  mx::array a;
  mx::Shape n;
  std::vector<int> axes;
};

// Cuts or pads `a` itself: MLX's fftn pads on the thread's default stream. `half` is for irfftn, whose operand has only
// half of the last of the axes.
Call prepare(const rlx_mlx_array_t* handle, const int* n_or_null, const int* axes, size_t n_axes, bool half) {
  const auto s = here();
  Call call{in(handle, "a"), {}, {}};
  single_precision(call.a);
  need_rank(call.a, 1, "a");
  call.axes = axes_or_all(call.a, axes, n_axes);
  if (n_axes == 0 && n_or_null) {
    bad_shape("n without axes");
  }
  mx::Shape wanted = call.a.shape();
  for (size_t i = 0; i < call.axes.size(); ++i) {
    const int extent = call.a.shape(call.axes[i]);
    const bool halved = half && i + 1 == call.axes.size();
    const int64_t kept = halved ? 2 * (static_cast<int64_t>(extent) - 1) : extent;
    const int n = n_or_null ? n_or_null[i] : extent_of(kept);
    if (n <= 0) {
      bad_shape("a transform of " + std::to_string(n) + " elements");
    }
    call.n.push_back(n);
    wanted[call.axes[i]] = halved ? n / 2 + 1 : n;
  }
  fitting(wanted);
  mx::Shape stop = call.a.shape();
  std::vector<std::pair<int, int>> widths;
  bool cut = false, grow = false;
  for (size_t i = 0; i < stop.size(); ++i) {
    cut |= wanted[i] < stop[i];
    grow |= wanted[i] > stop[i];
    stop[i] = std::min(stop[i], wanted[i]);
    widths.emplace_back(0, wanted[i] - stop[i]);
  }
  if (cut) {
    call.a = mx::slice(call.a, mx::Shape(stop.size(), 0), stop, s);
  }
  if (grow) {
    call.a = mx::pad(call.a, widths, mx::array(0, call.a.dtype()), "constant", s);
  }
  return call;
}

}  // namespace

extern "C" {

int rlx_mlx_op_fft(rlx_mlx_array_t* a, int inverse, int norm_tag, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    const auto norm = norm_of_tag(norm_tag, inverse != 0);
    single_precision(x);
    need_rank(x, 1, "a");
    const bool complex = x.dtype() == mx::complex64;
    if (x.shape(-1) == 0 || (!complex && x.shape(-1) % 2 != 0)) {
      bad_shape("a last axis of " + std::to_string(x.shape(-1)) + (complex ? "" : ", which is no block of 2N numbers"));
    }
    return handle(complex ? last_axis(x, inverse != 0, norm) : block(x, inverse != 0, norm));
  });
}

int rlx_mlx_op_fftn(rlx_mlx_array_t* a, const int* n_or_null, const int* axes, size_t n_axes, rlx_mlx_fft_norm_t norm,
                    rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto call = prepare(a, n_or_null, axes, n_axes, false);
    return handle(mx::fft::fftn(call.a, call.n, call.axes, norm_of(norm), here()));
  });
}

int rlx_mlx_op_ifftn(rlx_mlx_array_t* a, const int* n_or_null, const int* axes, size_t n_axes, rlx_mlx_fft_norm_t norm,
                     rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto call = prepare(a, n_or_null, axes, n_axes, false);
    return handle(mx::fft::ifftn(call.a, call.n, call.axes, norm_of(norm), here()));
  });
}

int rlx_mlx_op_rfftn(rlx_mlx_array_t* a, const int* n_or_null, const int* axes, size_t n_axes, rlx_mlx_fft_norm_t norm,
                     rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    if (in(a, "a").dtype() == mx::complex64) {
      bad_dtype("a must be real");
    }
    const auto call = prepare(a, n_or_null, axes, n_axes, false);
    return handle(mx::fft::rfftn(call.a, call.n, call.axes, norm_of(norm), here()));
  });
}

int rlx_mlx_op_irfftn(rlx_mlx_array_t* a, const int* n_or_null, const int* axes, size_t n_axes, rlx_mlx_fft_norm_t norm,
                      rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto call = prepare(a, n_or_null, axes, n_axes, true);
    return handle(mx::fft::irfftn(call.a, call.n, call.axes, norm_of(norm), here()));
  });
}

int rlx_mlx_op_fftshift(rlx_mlx_array_t* a, const int* axes, size_t n_axes, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    return handle(mx::fft::fftshift(x, axes_or_all(x, axes, n_axes), here()));
  });
}

int rlx_mlx_op_ifftshift(rlx_mlx_array_t* a, const int* axes, size_t n_axes, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    return handle(mx::fft::ifftshift(x, axes_or_all(x, axes, n_axes), here()));
  });
}

int rlx_mlx_op_hadamard(rlx_mlx_array_t* x, float scale, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& value = in(x, "x");
    need_floating(value, "x");
    need_rank(value, 1, "x");
    if (value.dtype() == mx::float64) {
      bad_dtype("x is f64, which MLX does not transform");
    }
    int left = value.shape(-1);
    while (left > 1 && left % 2 == 0 && left != 12 && left != 20 && left != 28) {
      left /= 2;
    }
    if (left != 1 && left != 12 && left != 20 && left != 28) {
      bad_shape("a last axis of " + std::to_string(value.shape(-1)) + " is not m * 2^k with m of 1, 12, 20, 28");
    }
    return handle(mx::hadamard_transform(value, scale, here()));
  });
}

}  // extern "C"
