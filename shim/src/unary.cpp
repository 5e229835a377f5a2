#include <cmath>

#include "internal.h"
#include "mlx/ops.h"

using namespace rlx_mlx;

namespace {

// `f` of `a`, or of `a` in f32 where it is narrower: half types are rounded once, at the end, and nothing in between
// overflows or vanishes.
template <typename F>
mx::array composed(const mx::array& a, mx::StreamOrDevice s, F&& f) {
  if (a.dtype() == mx::float32 || a.dtype() == mx::float64 || a.dtype() == mx::complex64) {
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
  }
  throw Failure(RLX_MLX_ERR_GENERIC, "unknown function " + std::to_string(static_cast<int>(kind)));
}

}  // namespace

extern "C" {

int rlx_mlx_op_unary(rlx_mlx_array_t* a, rlx_mlx_unary_t kind, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(apply(in(a, "a"), kind, here())); });
}

int rlx_mlx_op_gelu(rlx_mlx_array_t* a, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto s = here();
    return handle(composed(in(a, "a"), s, [&](const mx::array& x) {
      const auto scalar = [&](double v) { return mx::array(v, x.dtype()); };
      const auto tail = mx::add(scalar(1.0), mx::erf(mx::multiply(x, scalar(M_SQRT1_2), s), s), s);
      return mx::multiply(mx::multiply(x, scalar(0.5), s), tail, s);
    }));
  });
}

int rlx_mlx_op_silu(rlx_mlx_array_t* a, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto s = here();
    return handle(composed(in(a, "a"), s, [&](const mx::array& x) { return mx::multiply(x, mx::sigmoid(x, s), s); }));
  });
}

int rlx_mlx_op_cast(rlx_mlx_array_t* a, rlx_mlx_dtype_t dtype, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(mx::astype(in(a, "a"), dtype_of(dtype), here())); });
}

}  // extern "C"
