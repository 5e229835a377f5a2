#include <cmath>

#include "checks.h"
#include "internal.h"
#include "mlx/ops.h"

using namespace rlx_mlx;

namespace {

// `f` of `a`, or of `a` in f32 where it is narrower: half types are rounded once, at the end, and nothing in between
// overflows or vanishes.
template <typename F>
mx::array composed(const mx::array& a, mx::StreamOrDevice s, F&& f) {
  if (a.dtype() == mx::float32 || a.dtype() == mx::float64) {
    return f(a);
  }
  const auto result = f(mx::astype(a, mx::float32, s));
  return mx::issubdtype(a.dtype(), mx::floating) ? mx::astype(result, a.dtype(), s) : result;
}

mx::array apply(const mx::array& a, rlx_mlx_unary_t kind, mx::StreamOrDevice s) {
  switch (kind) {
    case RLX_MLX_UN_RELU: return mx::maximum(a, mx::array(0, a.dtype()), s);
    case RLX_MLX_UN_SIGMOID: return composed(a, s, [&](const mx::array& x) { return mx::sigmoid(x, s); });
    case RLX_MLX_UN_TANH: return mx::tanh(a, s);
    case RLX_MLX_UN_EXP: return mx::exp(a, s);
    case RLX_MLX_UN_LOG: return mx::log(a, s);
    case RLX_MLX_UN_SQRT: return mx::sqrt(a, s);
    case RLX_MLX_UN_RSQRT: return mx::rsqrt(a, s);
    case RLX_MLX_UN_NEG: return mx::negative(a, s);
    case RLX_MLX_UN_ABS: return mx::abs(a, s);
    case RLX_MLX_UN_ERF: return mx::erf(a, s);
    case RLX_MLX_UN_ROUND: return mx::round(a, s);
    case RLX_MLX_UN_SIN: return mx::sin(a, s);
    case RLX_MLX_UN_COS: return mx::cos(a, s);
    case RLX_MLX_UN_TAN: return mx::tan(a, s);
    case RLX_MLX_UN_ATAN: return mx::arctan(a, s);
    case RLX_MLX_UN_FLOOR: return mx::floor(a, s);
    case RLX_MLX_UN_CEIL: return mx::ceil(a, s);
    case RLX_MLX_UN_SIGN: return mx::sign(a, s);
    case RLX_MLX_UN_RECIP: return mx::reciprocal(a, s);
    case RLX_MLX_UN_LOG1P: return mx::log1p(a, s);
    case RLX_MLX_UN_EXPM1: return mx::expm1(a, s);
    case RLX_MLX_UN_ASIN: return mx::arcsin(a, s);
    case RLX_MLX_UN_ACOS: return mx::arccos(a, s);
    case RLX_MLX_UN_SINH: return mx::sinh(a, s);
    case RLX_MLX_UN_COSH: return mx::cosh(a, s);
    case RLX_MLX_UN_ASINH: return mx::arcsinh(a, s);
    case RLX_MLX_UN_ACOSH: return mx::arccosh(a, s);
    case RLX_MLX_UN_ATANH: return mx::arctanh(a, s);
    case RLX_MLX_UN_LOG2: return mx::log2(a, s);
    case RLX_MLX_UN_LOG10: return mx::log10(a, s);
    case RLX_MLX_UN_ERFINV: return mx::erfinv(a, s);
    case RLX_MLX_UN_SQUARE: return mx::square(a, s);
    case RLX_MLX_UN_TRUNC: return mx::trunc(a, s);
    case RLX_MLX_UN_ISNAN: return mx::isnan(a, s);
    case RLX_MLX_UN_ISINF: return mx::isinf(a, s);
    case RLX_MLX_UN_ISFINITE: return mx::isfinite(a, s);
    case RLX_MLX_UN_ISPOSINF: return mx::isposinf(a, s);
    case RLX_MLX_UN_ISNEGINF: return mx::isneginf(a, s);
    case RLX_MLX_UN_CONJ: return mx::conjugate(a, s);
    case RLX_MLX_UN_REAL: return mx::real(a, s);
    case RLX_MLX_UN_IMAG: return mx::imag(a, s);
    case RLX_MLX_UN_DEGREES: return mx::degrees(a, s);
    case RLX_MLX_UN_RADIANS: return mx::radians(a, s);
  }
  throw Failure(RLX_MLX_ERR_GENERIC, "unknown function " + std::to_string(static_cast<int>(kind)));
}

void check(const mx::array& a, rlx_mlx_unary_t kind) {
  switch (kind) {
    case RLX_MLX_UN_RELU:
    case RLX_MLX_UN_SIGMOID:
    case RLX_MLX_UN_ERF:
    case RLX_MLX_UN_ERFINV:
    case RLX_MLX_UN_FLOOR:
    case RLX_MLX_UN_CEIL:
    case RLX_MLX_UN_TRUNC:
    case RLX_MLX_UN_EXPM1: no_complex(a); break;
    case RLX_MLX_UN_NEG:
      if (a.dtype() == mx::bool_) {
        bad_dtype("not defined for bool");
      }
      break;
    default: break;
  }
}

}  // namespace

extern "C" {

int rlx_mlx_op_unary(rlx_mlx_array_t* a, rlx_mlx_unary_t kind, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    check(x, kind);
    return handle(apply(x, kind, here()));
  });
}

int rlx_mlx_op_gelu(rlx_mlx_array_t* a, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto s = here();
    const auto& x = in(a, "a");
    no_complex(x);
    return handle(composed(x, s, [&](const mx::array& y) {
      const auto scalar = [&](double v) { return mx::array(v, y.dtype()); };
      const auto tail = mx::add(scalar(1.0), mx::erf(mx::multiply(y, scalar(M_SQRT1_2), s), s), s);
      return mx::multiply(mx::multiply(y, scalar(0.5), s), tail, s);
    }));
  });
}

int rlx_mlx_op_silu(rlx_mlx_array_t* a, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto s = here();
    const auto& x = in(a, "a");
    no_complex(x);
    return handle(composed(x, s, [&](const mx::array& y) { return mx::multiply(y, mx::sigmoid(y, s), s); }));
  });
}

int rlx_mlx_op_cast(rlx_mlx_array_t* a, rlx_mlx_dtype_t dtype, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(mx::astype(in(a, "a"), dtype_of(dtype), here())); });
}

int rlx_mlx_op_view(rlx_mlx_array_t* a, rlx_mlx_dtype_t dtype, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    const auto type = dtype_of(dtype);
    const auto from = static_cast<int64_t>(mx::size_of(x.dtype()));
    const auto to = static_cast<int64_t>(mx::size_of(type));
    if (from != to) {
      if (x.ndim() == 0 || (x.shape(-1) * from) % to != 0) {
        bad_shape("shape " + text(x.shape()) + " of " + std::to_string(from) + "-byte elements cannot be seen as " +
                  std::to_string(to) + "-byte elements");
      }
      extent_of(x.shape(-1) * from / to);
    }
    return handle(mx::view(x, type, here()));
  });
}

int rlx_mlx_op_bit_not(rlx_mlx_array_t* a, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    if (!whole_number(x.dtype())) {
      bad_dtype("defined for integers and bool only");
    }
    return handle(mx::bitwise_invert(x, here()));
  });
}

int rlx_mlx_op_logical_not(rlx_mlx_array_t* a, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(mx::logical_not(in(a, "a"), here())); });
}

int rlx_mlx_op_nan_to_num(rlx_mlx_array_t* a, float nan, float posinf, float neginf, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    return handle(mx::issubdtype(x.dtype(), mx::floating) ? mx::nan_to_num(x, nan, posinf, neginf, here()) : x);
  });
}

}  // extern "C"
