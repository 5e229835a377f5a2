#include <cmath>

#include "internal.h"
#include "mlx/ops.h"

using namespace rlx_mlx;

namespace {

mx::array apply(const mx::array& a, rlx_mlx_unary_t kind, mx::StreamOrDevice s) {
  switch (kind) {
    case RLX_MLX_UN_RELU: return mx::maximum(a, mx::array(0, a.dtype()), s);
    case RLX_MLX_UN_SIGMOID: return mx::sigmoid(a, s);
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
    const auto& x = in(a, "a");
    const bool wide = x.dtype() == mx::float32 || x.dtype() == mx::float64;
    const auto type = wide ? x.dtype() : mx::float32;
    const auto scalar = [&](double v) { return mx::array(v, type); };
    const auto y = wide ? x : mx::astype(x, type, s);
    const auto tail = mx::add(scalar(1.0), mx::erf(mx::multiply(y, scalar(M_SQRT1_2), s), s), s);
    const auto result = mx::multiply(mx::multiply(y, scalar(0.5), s), tail, s);
    return handle(mx::issubdtype(x.dtype(), mx::floating) ? mx::astype(result, x.dtype(), s) : result);
  });
}

int rlx_mlx_op_silu(rlx_mlx_array_t* a, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    return handle(mx::multiply(x, mx::sigmoid(x, here()), here()));
  });
}

int rlx_mlx_op_cast(rlx_mlx_array_t* a, rlx_mlx_dtype_t dtype, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(mx::astype(in(a, "a"), dtype_of(dtype), here())); });
}

}  // extern "C"
