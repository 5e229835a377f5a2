#include <algorithm>
#include <limits>

#include "operands.h"

using namespace rlx_mlx;

namespace {

struct Scheme {
  const char* name;
  bool affine;
  int group_size;
  int bits;
};

Scheme scheme_of(rlx_mlx_quant_t mode, int group_size, int bits) {
  Scheme scheme{};
  std::vector<int> groups, widths;
  switch (mode) {
    case RLX_MLX_QUANT_AFFINE:
      scheme = {"affine", true, 0, 0};
      groups = {64, 32, 128};
      widths = {4, 1, 2, 3, 5, 6, 8};
      break;
    case RLX_MLX_QUANT_MXFP4: scheme.name = "mxfp4", groups = {32}, widths = {4}; break;
    case RLX_MLX_QUANT_MXFP8: scheme.name = "mxfp8", groups = {32}, widths = {8}; break;
    case RLX_MLX_QUANT_NVFP4: scheme.name = "nvfp4", groups = {16}, widths = {4}; break;
    default: throw Failure(RLX_MLX_ERR_GENERIC, "unknown mode " + std::to_string(static_cast<int>(mode)));
  }
  const auto pick = [&](int value, const std::vector<int>& allowed, const char* what) {
    if (value == 0) {
      return allowed[0];
    }
    if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
      bad_shape(std::string(scheme.name) + " has no " + what + " " + std::to_string(value));
    }
    return value;
  };
  scheme.group_size = pick(group_size, groups, "group size");
  scheme.bits = pick(bits, widths, "bits");
  return scheme;
}

void need_narrow(const mx::array& a, const char* name) {
  if (!mx::issubdtype(a.dtype(), mx::floating) || a.dtype() == mx::float64) {
    bad_dtype(std::string(name) + " must be f16, bf16 or f32");
  }
}

mx::Dtype narrow_dtype(rlx_mlx_dtype_t code) {
  const auto dtype = dtype_of(code);
  if (!mx::issubdtype(dtype, mx::floating) || dtype == mx::float64) {
    bad_dtype("dtype must be f16, bf16 or f32");
  }
  return dtype;
}

std::optional<mx::array> global_scale(const rlx_mlx_array_t* handle, rlx_mlx_quant_t mode) {
  auto scale = optional(handle);
  if (scale) {
    if (mode != RLX_MLX_QUANT_NVFP4) {
      throw Failure(RLX_MLX_ERR_GENERIC, "only nvfp4 has a global scale");
    }
    if (scale->dtype() != mx::float32) {
      bad_dtype("global_scale must be f32");
    }
    need_shape(*scale, {}, "global_scale");
  }
  return scale;
}

// A quantised matrix, checked; K is its last extent when unpacked.
struct Packed {
  mx::array w;
  mx::array scales;
  std::optional<mx::array> biases;
  Scheme scheme;
  int k;
};

Packed packed(const rlx_mlx_array_t* w_handle, const rlx_mlx_array_t* scales_handle,
              const rlx_mlx_array_t* biases_or_null, Scheme scheme) {
  Packed p{in(w_handle, "w"), in(scales_handle, "scales"), optional(biases_or_null), scheme, 0};
  if (p.w.dtype() != mx::uint32) {
    bad_dtype("w must be u32");
  }
  need_rank(p.w, 2, "w");
  const int64_t packed_bits = static_cast<int64_t>(p.w.shape(-1)) * 32;
  const int64_t k = packed_bits / scheme.bits;
  if (packed_bits % scheme.bits != 0 || k % scheme.group_size != 0 || k == 0 || k > std::numeric_limits<int>::max()) {
    bad_shape("w " + text(p.w.shape()) + " does not hold groups of " + std::to_string(scheme.group_size) +
              " elements of " + std::to_string(scheme.bits) + " bits");
  }
  p.k = static_cast<int>(k);
  auto groups = p.w.shape();
  groups.back() = p.k / scheme.group_size;
  need_shape(p.scales, groups, "scales");
  if (scheme.affine) {
    need_narrow(p.scales, "scales");
    if (!p.biases) {
      throw Failure(RLX_MLX_ERR_NULL, "biases are NULL in affine mode");
    }
    need_narrow(*p.biases, "biases");
    need_shape(*p.biases, groups, "biases");
  } else if (p.biases) {
    throw Failure(RLX_MLX_ERR_GENERIC, std::string(scheme.name) + " has no biases");
  } else if (p.scales.dtype() != mx::uint8) {
    bad_dtype("scales must be u8");
  }
  return p;
}

void check_operand(const mx::array& x, const Packed& p, bool transpose) {
  need_narrow(x, "x");
  need_rank(x, 1, "x");
  if (x.shape(-1) != (transpose ? p.k : p.w.shape(-2))) {
    bad_shape("x " + text(x.shape()) + " does not go with w " + text(p.w.shape()) + ", which unpacks to " +
              std::to_string(p.k) + " columns");
  }
}

mx::array multiply(const rlx_mlx_array_t* x_handle, const Packed& p, bool transpose) {
  const auto& x = in(x_handle, "x");
  check_operand(x, p, transpose);
  if (p.w.ndim() > 2) {
    need_rank(x, 2, "x");
    broadcast_of(mx::Shape(x.shape().begin(), x.shape().end() - 2),
                 mx::Shape(p.w.shape().begin(), p.w.shape().end() - 2));
  }
  return mx::quantized_matmul(x, p.w, p.scales, p.biases, transpose, p.scheme.group_size, p.scheme.bits, p.scheme.name,
                              here());
}

// Number of matrices of `a`; and safe indices into them, in their order where none are given.
mx::array picks(const mx::array& a, const rlx_mlx_array_t* indices_or_null, const char* name) {
  const auto s = here();
  const mx::Shape batch(a.shape().begin(), a.shape().end() - 2);
  int64_t count = 1;
  for (const int extent : batch) {
    count = extent_of(count * extent);
  }
  const auto indices = optional(indices_or_null);
  return indices ? inside(*indices, static_cast<int>(count), name, s)
                 : mx::reshape(mx::arange(0, static_cast<int>(count), mx::uint32, s), batch, s);
}

}  // namespace

extern "C" {

int rlx_mlx_op_quantize(rlx_mlx_array_t* w, int group_size, int bits, rlx_mlx_quant_t mode,
                        rlx_mlx_array_t* global_scale_or_null, rlx_mlx_array_t** out_w, rlx_mlx_array_t** out_scales,
                        rlx_mlx_array_t** out_biases) {
  return produce_all<3>(__func__, {out_w, out_scales, out_biases}, [&] {
    const auto& matrix = in(w, "w");
    const auto scheme = scheme_of(mode, group_size, bits);
    const auto scale = global_scale(global_scale_or_null, mode);
    need_narrow(matrix, "w");
    need_rank(matrix, 2, "w");
    if (matrix.size() == 0 || matrix.shape(-1) % scheme.group_size != 0) {
      bad_shape("w " + text(matrix.shape()) + " does not divide into groups of " + std::to_string(scheme.group_size));
    }
    return mx::quantize(matrix, scheme.group_size, scheme.bits, scheme.name, scale, here());
  });
}

int rlx_mlx_op_dequantize(rlx_mlx_array_t* w, rlx_mlx_array_t* scales, rlx_mlx_array_t* biases_or_null, int group_size,
                          int bits, rlx_mlx_quant_t mode, rlx_mlx_array_t* global_scale_or_null, rlx_mlx_dtype_t dtype,
                          rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto p = packed(w, scales, biases_or_null, scheme_of(mode, group_size, bits));
    const auto scale = global_scale(global_scale_or_null, mode);
    return handle(mx::dequantize(p.w, p.scales, p.biases, p.scheme.group_size, p.scheme.bits, p.scheme.name, scale,
                                 narrow_dtype(dtype), here()));
  });
}

int rlx_mlx_op_quantized_matmul(rlx_mlx_array_t* x, rlx_mlx_array_t* w, rlx_mlx_array_t* scales,
                                rlx_mlx_array_t* biases_or_null, int transpose, int group_size, int bits,
                                rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto scheme = scheme_of(RLX_MLX_QUANT_AFFINE, group_size, bits);
    if (biases_or_null) {
      return handle(multiply(x, packed(w, scales, biases_or_null, scheme), transpose != 0));
    }
    const rlx_mlx_array_s zeros(mx::zeros_like(in(scales, "scales"), here()));
    return handle(multiply(x, packed(w, scales, &zeros, scheme), transpose != 0));
  });
}

int rlx_mlx_op_quantized_matmul_mode(rlx_mlx_array_t* x, rlx_mlx_array_t* w, rlx_mlx_array_t* scales,
                                     rlx_mlx_array_t* biases_or_null, int transpose, int group_size, int bits,
                                     rlx_mlx_quant_t mode, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    return handle(multiply(x, packed(w, scales, biases_or_null, scheme_of(mode, group_size, bits)), transpose != 0));
  });
}

int rlx_mlx_op_gather_qmm(rlx_mlx_array_t* x, rlx_mlx_array_t* w, rlx_mlx_array_t* scales,
                          rlx_mlx_array_t* biases_or_null, rlx_mlx_array_t* lhs_or_null, rlx_mlx_array_t* rhs_or_null,
                          int transpose, int group_size, int bits, rlx_mlx_quant_t mode, int sorted,
                          rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto p = packed(w, scales, biases_or_null, scheme_of(mode, group_size, bits));
    const auto& value = in(x, "x");
    check_operand(value, p, transpose != 0);
    need_rank(value, 2, "x");
    const auto left = picks(value, lhs_or_null, "lhs");
    const auto right = picks(p.w, rhs_or_null, "rhs");
    broadcast_of(left.shape(), right.shape());
    return handle(mx::gather_qmm(value, p.w, p.scales, p.biases, left, right, transpose != 0, p.scheme.group_size,
                                 p.scheme.bits, p.scheme.name, {}, sorted != 0, here()));
  });
}

int rlx_mlx_op_to_fp8(rlx_mlx_array_t* x, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& value = in(x, "x");
    need_floating(value, "x");
    return handle(mx::to_fp8(value, here()));
  });
}

int rlx_mlx_op_from_fp8(rlx_mlx_array_t* x, rlx_mlx_dtype_t dtype, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& value = in(x, "x");
    if (value.dtype() != mx::uint8) {
      bad_dtype("x must be u8");
    }
    return handle(mx::from_fp8(value, narrow_dtype(dtype), here()));
  });
}

}  // extern "C"
