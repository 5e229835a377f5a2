#include "mlx/fast.h"
#include "nothing.h"
#include "operands.h"

using namespace rlx_mlx;

namespace {

mx::array attention(const rlx_mlx_array_t* q_handle, const rlx_mlx_array_t* k_handle, const rlx_mlx_array_t* v_handle,
                    float scale, rlx_mlx_mask_t kind, const rlx_mlx_array_t* mask_or_null,
                    const std::optional<mx::array>& sinks) {
  const auto& q = in(q_handle, "q");
  const auto& k = in(k_handle, "k");
  const auto& v = in(v_handle, "v");
  const std::pair<const mx::array*, const char*> operands[] = {{&q, "q"}, {&k, "k"}, {&v, "v"}};
  for (const auto& [a, name] : operands) {
    need_floating(*a, name);
    if (a->ndim() != 4) {
      bad_shape(std::string(name) + " has shape " + text(a->shape()) + " instead of rank 4");
    }
  }
  const bool heads = k.shape(1) > 0 && q.shape(1) % k.shape(1) == 0 && k.shape(1) == v.shape(1);
  if (q.shape(0) != k.shape(0) || q.shape(0) != v.shape(0) || q.shape(3) != k.shape(3) || k.shape(2) != v.shape(2) ||
      !heads) {
    bad_shape("q " + text(q.shape()) + ", k " + text(k.shape()) + " and v " + text(v.shape()) + " do not go together");
  }
  if (k.shape(2) == 0) {
    bad_shape("there are no keys");
  }
  if (sinks) {
    need_floating(*sinks, "sinks");
    need_shape(*sinks, {q.shape(1)}, "sinks");
  }
  std::string mode;
  std::optional<mx::array> mask;
  switch (kind) {
    case RLX_MLX_MASK_NONE: break;
    case RLX_MLX_MASK_CAUSAL: mode = "causal"; break;
    case RLX_MLX_MASK_SLIDING:
    case RLX_MLX_MASK_CUSTOM:
      mode = "array";
      mask = in(mask_or_null, "mask");
      if (mask->dtype() != mx::bool_) {
        need_floating(*mask, "mask");
      }
      break;
    default: throw Failure(RLX_MLX_ERR_GENERIC, "unknown mask kind " + std::to_string(static_cast<int>(kind)));
  }
  const auto y = mx::fast::scaled_dot_product_attention(q, k, v, scale, mode, mask, sinks, false, here());
  // Without queries, or with values of no width, these are products of nothing, see unless_nothing.
  return unless_empty(y, y);
}

}  // namespace

extern "C" {

int rlx_mlx_op_attention(rlx_mlx_array_t* q, rlx_mlx_array_t* k, rlx_mlx_array_t* v, float scale,
                         rlx_mlx_mask_t mask_kind, rlx_mlx_array_t* mask_or_null, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(attention(q, k, v, scale, mask_kind, mask_or_null, {})); });
}

int rlx_mlx_op_attention_sinks(rlx_mlx_array_t* q, rlx_mlx_array_t* k, rlx_mlx_array_t* v, float scale,
                               rlx_mlx_mask_t mask_kind, rlx_mlx_array_t* mask_or_null, rlx_mlx_array_t* sinks,
                               rlx_mlx_array_t** out) {
  return produce(__func__, out,
                 [&] { return handle(attention(q, k, v, scale, mask_kind, mask_or_null, in(sinks, "sinks"))); });
}

int rlx_mlx_op_gated_delta_update(rlx_mlx_array_t* q, rlx_mlx_array_t* k, rlx_mlx_array_t* v, rlx_mlx_array_t* gates,
                                  rlx_mlx_array_t* beta, rlx_mlx_array_t* state_or_null, rlx_mlx_array_t* mask_or_null,
                                  rlx_mlx_array_t** out_y, rlx_mlx_array_t** out_state) {
  return produce_all<2>(__func__, {out_y, out_state}, [&] {
    const auto& queries = in(q, "q");
    const auto& keys = in(k, "k");
    const auto& values = in(v, "v");
    const auto& decay = in(gates, "gates");
    const auto& rate = in(beta, "beta");
    const auto state = optional(state_or_null);
    const auto mask = optional(mask_or_null);
    if (queries.ndim() != 4 || values.ndim() != 4) {
      bad_shape("q " + text(queries.shape()) + " and v " + text(values.shape()) + " must have rank 4");
    }
    const std::pair<const mx::array*, const char*> floats[] = {
        {&queries, "q"}, {&keys, "k"}, {&values, "v"}, {&decay, "gates"}, {&rate, "beta"}};
    for (const auto& [a, name] : floats) {
      need_floating(*a, name);
    }
    const int batch = queries.shape(0), steps = queries.shape(1), heads = values.shape(2), wide = queries.shape(3);
    need_shape(keys, queries.shape(), "k");
    need_shape(values, {batch, steps, heads, values.shape(3)}, "v");
    if (steps == 0 || queries.shape(2) == 0 || heads % queries.shape(2) != 0) {
      bad_shape(std::to_string(steps) + " steps, " + std::to_string(queries.shape(2)) + " heads of q, " +
                std::to_string(heads) + " of v");
    }
    need_shape(rate, {batch, steps, heads}, "beta");
    need_shape(decay, decay.ndim() == 4 ? mx::Shape{batch, steps, heads, wide} : rate.shape(), "gates");
    if (state) {
      need_floating(*state, "state");
      need_shape(*state, {batch, heads, values.shape(3), wide}, "state");
    }
    if (mask) {
      if (mask->dtype() != mx::bool_) {
        bad_dtype("mask must be bool");
      }
      need_shape(*mask, {batch, steps}, "mask");
    }
    return mx::fast::gated_delta_update(queries, keys, values, decay, rate, state, mask, here());
  });
}

}  // extern "C"
