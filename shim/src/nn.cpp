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
  return mx::fast::scaled_dot_product_attention(q, k, v, scale, mode, mask, sinks, false, here());
}

// What both forms of rope check; MLX checks the same later.
std::optional<mx::array> rope_freqs(const mx::array& x, int dims, const rlx_mlx_array_t* freqs_or_null) {
  need_floating(x, "x");
  need_rank(x, 3, "x");
  if (dims <= 0 || dims % 2 != 0 || dims > x.shape(-1)) {
    bad_shape("dims " + std::to_string(dims) + " is not an even number from 2 to " + std::to_string(x.shape(-1)));
  }
  auto freqs = optional(freqs_or_null);
  if (freqs) {
    need_floating(*freqs, "freqs");
    need_shape(*freqs, {dims / 2}, "freqs");
  }
  return freqs;
}

std::optional<float> base_unless(const std::optional<mx::array>& freqs, float base) {
  return freqs ? std::nullopt : std::optional(base);
}

// `y`, made of `x` by a function that reduces; where there is no element, what MLX would read does not exist.
mx::array known(const mx::array& x, const mx::array& y) {
  return x.size() == 0 ? of_nothing(y) : y;
}

}  // namespace

extern "C" {

int rlx_mlx_op_softmax(rlx_mlx_array_t* a, int axis, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    auto x = in(a, "a");
    const int at = axis_of(x, axis);
    if (!mx::issubdtype(x.dtype(), mx::inexact)) {
      x = mx::astype(x, mx::float32, here());
    }
    need_floating(x, "a");
    return handle(known(x, mx::softmax(x, at, true, here())));
  });
}

int rlx_mlx_op_layernorm(rlx_mlx_array_t* x, rlx_mlx_array_t* gamma_or_null, rlx_mlx_array_t* beta_or_null, float eps,
                         rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& value = norm_operand(x);
    const auto gamma = optional(gamma_or_null);
    const auto beta = optional(beta_or_null);
    need_weight(gamma, value, "gamma");
    need_weight(beta, value, "beta");
    return handle(known(value, mx::fast::layer_norm(value, gamma, beta, eps, here())));
  });
}

int rlx_mlx_op_rmsnorm(rlx_mlx_array_t* x, rlx_mlx_array_t* gamma_or_null, float eps, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& value = norm_operand(x);
    const auto gamma = optional(gamma_or_null);
    need_weight(gamma, value, "gamma");
    return handle(known(value, mx::fast::rms_norm(value, gamma, eps, here())));
  });
}

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

int rlx_mlx_op_rope(rlx_mlx_array_t* x, int dims, int traditional, float base, float scale, int offset,
                    rlx_mlx_array_t* freqs_or_null, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& value = in(x, "x");
    const auto freqs = rope_freqs(value, dims, freqs_or_null);
    const auto turn = base_unless(freqs, base);
    return handle(mx::fast::rope(value, dims, traditional != 0, turn, scale, offset, freqs, here()));
  });
}

int rlx_mlx_op_rope_offsets(rlx_mlx_array_t* x, int dims, int traditional, float base, float scale,
                            rlx_mlx_array_t* offsets, rlx_mlx_array_t* freqs_or_null, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& value = in(x, "x");
    const auto& start = in(offsets, "offsets");
    const auto freqs = rope_freqs(value, dims, freqs_or_null);
    need_integer(start, "offsets");
    if (start.ndim() > 0) {
      need_shape(start, {value.shape(0)}, "offsets");
    }
    const auto turn = base_unless(freqs, base);
    return handle(mx::fast::rope(value, dims, traditional != 0, turn, scale, start, freqs, here()));
  });
}

int rlx_mlx_op_cross_entropy(rlx_mlx_array_t* logits, rlx_mlx_array_t* targets, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(logits, "logits");
    const auto& classes = in(targets, "targets");
    need_floating(x, "logits");
    need_rank(x, 1, "logits");
    need_shape(classes, mx::Shape(x.shape().begin(), x.shape().end() - 1), "targets");
    if (x.shape(-1) == 0) {
      bad_shape("logits have no classes");
    }
    return handle(known(x, mx::fast::cross_entropy(x, inside(classes, x.shape(-1), "targets", here()), here())));
  });
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
