#include "internal.h"
#include "mlx/fast.h"
#include "mlx/ops.h"

using namespace rlx_mlx;

namespace {

std::optional<mx::array> optional(const rlx_mlx_array_t* handle) {
  return handle ? std::optional(handle->value) : std::nullopt;
}

}  // namespace

extern "C" {

int rlx_mlx_op_softmax(rlx_mlx_array_t* a, int axis, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    return handle(mx::softmax(x, axis_of(x, axis), true, here()));
  });
}

int rlx_mlx_op_layernorm(rlx_mlx_array_t* x, rlx_mlx_array_t* gamma_or_null, rlx_mlx_array_t* beta_or_null, float eps,
                         rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    return handle(mx::fast::layer_norm(in(x, "x"), optional(gamma_or_null), optional(beta_or_null), eps, here()));
  });
}

int rlx_mlx_op_rmsnorm(rlx_mlx_array_t* x, rlx_mlx_array_t* gamma_or_null, float eps, rlx_mlx_array_t** out) {
  return produce(__func__, out,
                 [&] { return handle(mx::fast::rms_norm(in(x, "x"), optional(gamma_or_null), eps, here())); });
}

int rlx_mlx_op_attention(rlx_mlx_array_t* q, rlx_mlx_array_t* k, rlx_mlx_array_t* v, float scale,
                         rlx_mlx_mask_t mask_kind, rlx_mlx_array_t* mask_or_null, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    std::string mode;
    std::optional<mx::array> mask;
    switch (mask_kind) {
      case RLX_MLX_MASK_NONE: break;
      case RLX_MLX_MASK_CAUSAL: mode = "causal"; break;
      case RLX_MLX_MASK_SLIDING:
      case RLX_MLX_MASK_CUSTOM:
        mode = "array";
        mask = in(mask_or_null, "mask");
        break;
      default: throw Failure(RLX_MLX_ERR_GENERIC, "unknown mask kind " + std::to_string(static_cast<int>(mask_kind)));
    }
    return handle(mx::fast::scaled_dot_product_attention(in(q, "q"), in(k, "k"), in(v, "v"), scale, mode, mask, {},
                                                         false, here()));
  });
}

}  // extern "C"
