#include <algorithm>
#include <limits>

#include "mlx/einsum.h"
#include "nothing.h"
#include "operands.h"

using namespace rlx_mlx;

namespace {

mx::Dtype product_type(const mx::array& a, const mx::array& b) {
  const auto type = mx::promote_types(a.dtype(), b.dtype());
  if (!mx::issubdtype(type, mx::inexact)) {
    bad_dtype("a and b must promote to a float or complex64");
  }
  return type;
}

mx::Dtype real_product_type(const mx::array& a, const mx::array& b) {
  const auto type = product_type(a, b);
  if (!mx::issubdtype(type, mx::floating)) {
    bad_dtype("a and b must be real");
  }
  return type;
}

[[noreturn]] void bad_pair(const mx::array& a, const mx::array& b) {
  bad_shape("a " + text(a.shape()) + " and b " + text(b.shape()) + " do not go together");
}

mx::Shape batch_of(const mx::array& a) {
  return mx::Shape(a.shape().begin(), a.shape().end() - 2);
}

// Inner extents of a product with batch axes.
void check_product(const mx::array& a, const mx::array& b) {
  if (a.ndim() == 0 || b.ndim() == 0 || a.shape(-1) != b.shape(b.ndim() == 1 ? 0 : -2)) {
    bad_pair(a, b);
  }
  if (a.ndim() > 2 || b.ndim() > 2) {
    broadcast_of(a.ndim() > 2 ? batch_of(a) : mx::Shape{}, b.ndim() > 2 ? batch_of(b) : mx::Shape{});
  }
}

// MLX's CPU kernels for these products refuse the half types, or get them wrong (segmented_mm): there they compute in
// f32 and are rounded once.
template <typename F>
mx::array through_f32(mx::Dtype type, const mx::array& a, const mx::array& b, F&& product) {
  const auto s = here();
  const auto wide = on_cpu() && type != mx::float64 ? mx::float32 : type;
  return mx::astype(product(mx::astype(a, wide, s), mx::astype(b, wide, s)), type, s);
}

// The matrices of `a` as a list.
mx::array listed(const mx::array& a, int count, mx::StreamOrDevice s) {
  return mx::reshape(a, {count, a.shape(-2), a.shape(-1)}, s);
}

int batch_count(const mx::array& a) {
  uint64_t count = 1;
  for (size_t i = 0; i + 2 < a.ndim(); ++i) {
    count *= static_cast<uint64_t>(a.shape(i));
    if (count > std::numeric_limits<int>::max()) {
      bad_shape("too many matrices to index");
    }
  }
  return static_cast<int>(count);
}

mx::array gather(const mx::array& a, const mx::array& b, const std::optional<mx::array>& lhs,
                 const std::optional<mx::array>& rhs, bool sorted) {
  const auto s = here();
  const auto type = real_product_type(a, b);
  need_rank(a, 2, "a");
  need_rank(b, 2, "b");
  if (a.shape(-1) != b.shape(-2)) {
    bad_pair(a, b);
  }
  const auto picks = [&](const mx::array& of, const std::optional<mx::array>& indices, const char* name) {
    const int count = batch_count(of);
    return indices ? inside(*indices, count, name, s)
                   : mx::reshape(mx::arange(0, count, mx::uint32, s), batch_of(of), s);
  };
  const auto left = picks(a, lhs, "lhs");
  const auto right = picks(b, rhs, "rhs");
  broadcast_of(left.shape(), right.shape());
  if (type == mx::float64) {
    // MLX has no f64 kernel for it.
    const auto chosen_a = mx::take(listed(mx::astype(a, type, s), batch_count(a), s), left, 0, s);
    const auto chosen_b = mx::take(listed(mx::astype(b, type, s), batch_count(b), s), right, 0, s);
    return unless_nothing(chosen_a, chosen_b, mx::matmul(chosen_a, chosen_b, s));
  }
  return through_f32(type, a, b, [&](const mx::array& x, const mx::array& y) {
    return unless_nothing(x, y, mx::gather_mm(x, y, left, right, sorted, s));
  });
}

}  // namespace

extern "C" {

int rlx_mlx_op_matmul(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    const auto& y = in(b, "b");
    product_type(x, y);
    check_product(x, y);
    return handle(unless_nothing(x, y, mx::matmul(x, y, here())));
  });
}

int rlx_mlx_op_addmm(rlx_mlx_array_t* c, rlx_mlx_array_t* a, rlx_mlx_array_t* b, float alpha, float beta,
                     rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    const auto& y = in(b, "b");
    const auto& z = in(c, "c");
    product_type(x, y);
    check_product(x, y);
    if (x.size() == 0 || y.size() == 0) {
      // MLX would infer an extent of a flattened operand, which an empty array does not tell.
      const auto s = here();
      const auto scaled = [&](const mx::array& a, float factor) {
        return mx::multiply(a, mx::array(factor, a.dtype()), s);
      };
      const auto type = mx::promote_types(product_type(x, y), z.dtype());
      const auto product = mx::astype(of_nothing(mx::matmul(x, y, s)), type, s);
      check_broadcast(z.shape(), product.shape());
      return handle(mx::add(scaled(product, alpha), scaled(mx::astype(z, type, s), beta), s));
    }
    return handle(mx::addmm(z, x, y, alpha, beta, here()));
  });
}

int rlx_mlx_op_tensordot(rlx_mlx_array_t* a, rlx_mlx_array_t* b, const int* axes_a, const int* axes_b, size_t n_axes,
                         rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    const auto& y = in(b, "b");
    product_type(x, y);
    ints_of(axes_a, n_axes, "axes_a");
    ints_of(axes_b, n_axes, "axes_b");
    const auto left = axes_of(x, axes_a, n_axes);
    const auto right = axes_of(y, axes_b, n_axes);
    for (size_t i = 0; i < n_axes; ++i) {
      if (x.shape(left[i]) != y.shape(right[i])) {
        bad_pair(x, y);
      }
    }
    return handle(unless_nothing(x, y, mx::tensordot(x, y, left, right, here())));
  });
}

int rlx_mlx_op_einsum(const char* subscripts, rlx_mlx_array_t* const* arrays, size_t n, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    target(subscripts, "subscripts");
    const auto operands = arrays_of(arrays, n, "arrays");
    for (const auto& a : operands) {
      need_inexact(a, "arrays");
    }
    const auto y = mx::einsum(subscripts, operands, here());
    const bool empty = std::any_of(operands.begin(), operands.end(), [](const mx::array& a) { return a.size() == 0; });
    return handle(empty ? of_nothing(y) : y);
  });
}

int rlx_mlx_op_inner(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    const auto& y = in(b, "b");
    product_type(x, y);
    if (x.ndim() > 0 && y.ndim() > 0 && x.shape(-1) != y.shape(-1)) {
      bad_pair(x, y);
    }
    return handle(unless_nothing(x, y, mx::inner(x, y, here())));
  });
}

int rlx_mlx_op_outer(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(mx::outer(in(a, "a"), in(b, "b"), here())); });
}

int rlx_mlx_op_vecdot(rlx_mlx_array_t* a, rlx_mlx_array_t* b, int axis, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    const auto& y = in(b, "b");
    if (x.shape(axis_of(x, axis)) != y.shape(axis_of(y, axis))) {
      bad_pair(x, y);
    }
    broadcast_of(x.shape(), y.shape());
    const auto dot = mx::vecdot(x, y, axis, here());
    return handle(unless_nothing(x, y, dot));
  });
}

int rlx_mlx_op_gather_mm(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t* idx, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    const auto& y = in(b, "b");
    const auto& picks = in(idx, "idx");
    if (x.ndim() != 2 || y.ndim() != 3) {
      bad_shape("a " + text(x.shape()) + " must be [M,K] and b " + text(y.shape()) + " [E,K,N]");
    }
    need_shape(picks, {x.shape(0)}, "idx");
    const auto rows = mx::expand_dims(x, 1, here());
    return handle(mx::squeeze(gather(rows, y, {}, picks, false), 1, here()));
  });
}

int rlx_mlx_op_gather_mm_general(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t* lhs_or_null,
                                 rlx_mlx_array_t* rhs_or_null, int sorted, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    return handle(gather(in(a, "a"), in(b, "b"), optional(lhs_or_null), optional(rhs_or_null), sorted != 0));
  });
}

int rlx_mlx_op_segmented_mm(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t* segments, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto s = here();
    const auto& x = in(a, "a");
    const auto& y = in(b, "b");
    const auto& bounds = in(segments, "segments");
    const auto type = real_product_type(x, y);
    need_integer(bounds, "segments");
    if (x.ndim() != 2 || y.ndim() != 2 || x.shape(1) != y.shape(0)) {
      bad_pair(x, y);
    }
    if (bounds.ndim() < 1 || bounds.shape(-1) != 2) {
      bad_shape("segments have shape " + text(bounds.shape()) + " instead of [..., 2]");
    }
    // MLX trusts the bounds; an end before the start is an empty segment.
    const bool sign = mx::issubdtype(bounds.dtype(), mx::signedinteger);
    const auto number = sign ? mx::int64 : mx::uint64;
    const auto wide = mx::astype(bounds, number, s);
    const auto clipped = mx::clip(wide, mx::array(0, number), mx::array(x.shape(1), number), s);
    const auto ends = mx::split(mx::astype(clipped, mx::uint32, s), 2, -1, s);
    const auto safe = mx::concatenate({mx::minimum(ends[0], ends[1], s), ends[1]}, -1, s);
    return handle(through_f32(type, x, y,
                              [&](const mx::array& p, const mx::array& q) { return mx::segmented_mm(p, q, safe, s); }));
  });
}

int rlx_mlx_op_block_masked_mm(rlx_mlx_array_t* a, rlx_mlx_array_t* b, int block_size,
                               rlx_mlx_array_t* mask_out_or_null, rlx_mlx_array_t* mask_lhs_or_null,
                               rlx_mlx_array_t* mask_rhs_or_null, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    const auto& y = in(b, "b");
    const auto type = real_product_type(x, y);
    if (type == mx::float64) {
      bad_dtype("f64, which MLX does not multiply in blocks");
    }
    need_rank(x, 2, "a");
    need_rank(y, 2, "b");
    check_product(x, y);
    if (block_size != 32 && block_size != 64) {
      bad_shape("a block size of " + std::to_string(block_size) + " instead of 32 or 64");
    }
    const auto blocks = [&](int extent) { return (extent + block_size - 1) / block_size; };
    const auto mask = [&](const rlx_mlx_array_t* handle, int rows, int columns, const char* name) {
      const auto value = optional(handle);
      if (value) {
        need_rank(*value, 2, name);
        auto shape = batch_of(*value);
        shape.push_back(blocks(rows));
        shape.push_back(blocks(columns));
        need_shape(*value, shape, name);
      }
      return value;
    };
    const auto mask_out = mask(mask_out_or_null, x.shape(-2), y.shape(-1), "mask_out");
    const auto mask_lhs = mask(mask_lhs_or_null, x.shape(-2), x.shape(-1), "mask_lhs");
    const auto mask_rhs = mask(mask_rhs_or_null, x.shape(-1), y.shape(-1), "mask_rhs");
    return handle(through_f32(type, x, y, [&](const mx::array& p, const mx::array& q) {
      return unless_nothing(p, q, mx::block_masked_mm(p, q, block_size, mask_out, mask_lhs, mask_rhs, here()));
    }));
  });
}

}  // extern "C"
