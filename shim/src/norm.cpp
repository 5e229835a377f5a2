#include "mlx/fast.h"
#include "nothing.h"
#include "operands.h"

using namespace rlx_mlx;

namespace {

// gamma or beta of a norm over the last axis of `x`.
void need_weight(const std::optional<mx::array>& weight, const mx::array& x, const char* name) {
  if (weight) {
    need_floating(*weight, name);
    need_shape(*weight, {x.shape(-1)}, name);
  }
}

const mx::array& norm_operand(const rlx_mlx_array_t* handle) {
  const auto& x = in(handle, "x");
  need_floating(x, "x");
  need_rank(x, 1, "x");
  return x;
}

}  // namespace

extern "C" {

int rlx_mlx_op_layernorm(rlx_mlx_array_t* x, rlx_mlx_array_t* gamma_or_null, rlx_mlx_array_t* beta_or_null, float eps,
                         rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& value = norm_operand(x);
    const auto gamma = optional(gamma_or_null);
    const auto beta = optional(beta_or_null);
    need_weight(gamma, value, "gamma");
    need_weight(beta, value, "beta");
    return handle(unless_empty(value, mx::fast::layer_norm(value, gamma, beta, eps, here())));
  });
}

int rlx_mlx_op_rmsnorm(rlx_mlx_array_t* x, rlx_mlx_array_t* gamma_or_null, float eps, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& value = norm_operand(x);
    const auto gamma = optional(gamma_or_null);
    need_weight(gamma, value, "gamma");
    return handle(unless_empty(value, mx::fast::rms_norm(value, gamma, eps, here())));
  });
}

}  // extern "C"
