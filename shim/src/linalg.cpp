#include "mlx/linalg.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <string_view>

#include "nothing.h"
#include "operands.h"

using namespace rlx_mlx;

namespace {

// The last two axes are not empty: MLX divides by their extents.
void need_matrix(const mx::array& a, const char* name) {
  need_rank(a, 2, name);
  if (a.shape(-1) == 0 || a.shape(-2) == 0) {
    bad_shape(std::string(name) + " has empty matrices: " + text(a.shape()));
  }
}

void need_square(const mx::array& a, const char* name) {
  need_matrix(a, name);
  if (a.shape(-1) != a.shape(-2)) {
    bad_shape(std::string(name) + " is not square: " + text(a.shape()));
  }
}

const mx::array& matrix(const rlx_mlx_array_t* handle, bool complex = false) {
  const auto& a = in(handle, "a");
  if (!complex || a.dtype() != mx::complex64) {
    need_wide(a, "a");
  }
  need_matrix(a, "a");
  return a;
}

const mx::array& square(const rlx_mlx_array_t* handle, bool complex = false) {
  const auto& a = matrix(handle, complex);
  need_square(a, "a");
  return a;
}

const mx::array& eig_operand(const rlx_mlx_array_t* handle) {
  const auto& a = in(handle, "a");
  if (a.dtype() != mx::float32 && a.dtype() != mx::complex64) {
    bad_dtype("a must be f32 or complex64");
  }
  need_square(a, "a");
  return a;
}

std::vector<mx::array> both(std::pair<mx::array, mx::array> pair) {
  return {std::move(pair.first), std::move(pair.second)};
}

// Brings a and b of a system to the same batch axes, solves, and takes the axis of a vector away again.
template <typename F>
mx::array solve(const mx::array& a, const mx::array& b, F&& solver) {
  const auto s = cpu_here();
  const auto type = mx::promote_types(a.dtype(), b.dtype());
  if (type != mx::float32 && type != mx::float64) {
    bad_dtype("a and b must promote to f32 or f64");
  }
  need_square(a, "a");
  const bool vector = b.ndim() + 1 == a.ndim();
  const auto right = vector ? mx::expand_dims(b, -1, s) : b;
  need_matrix(right, "b");
  if (right.shape(-2) != a.shape(-1)) {
    bad_shape("a " + text(a.shape()) + " and b " + text(b.shape()) + " do not go together");
  }
  const auto batch = broadcast_of(mx::Shape(a.shape().begin(), a.shape().end() - 2),
                                  mx::Shape(right.shape().begin(), right.shape().end() - 2));
  const auto spread = [&](const mx::array& m) {
    auto shape = batch;
    shape.push_back(m.shape(-2));
    shape.push_back(m.shape(-1));
    return mx::broadcast_to(mx::astype(m, type, s), shape, s);
  };
  const auto x = solver(spread(a), spread(right), s);
  return vector ? mx::squeeze(x, -1, s) : x;
}

// Axes of a norm: the listed ones, or all.
std::vector<int> norm_axes(const mx::array& a, const int* axes, size_t count, size_t least) {
  if (a.dtype() == mx::bool_) {
    bad_dtype("a is bool");
  }
  std::vector<int> list = axes_of(a, axes, count);
  if (count == 0) {
    list.resize(a.ndim());
    std::iota(list.begin(), list.end(), 0);
  }
  if (list.size() < least || list.size() > 2) {
    bad_shape("a norm over " + std::to_string(list.size()) + " axes");
  }
  return list;
}

// Sums of squares of small integers and halves overflow in their own dtype, so those go through f32.
template <typename F>
mx::array norm_in_f32(const mx::array& a, F&& norm) {
  const auto s = here();
  if (a.size() == 0) {
    return of_nothing(norm(mx::issubdtype(a.dtype(), mx::inexact) ? a : mx::astype(a, mx::float32, s)));
  }
  if (a.dtype() == mx::float64 || a.dtype() == mx::float32 || a.dtype() == mx::complex64) {
    return norm(a);
  }
  const auto result = norm(mx::astype(a, mx::float32, s));
  return mx::issubdtype(a.dtype(), mx::floating) ? mx::astype(result, a.dtype(), s) : result;
}

void need_svd(const mx::array& a, const std::vector<int>& axes) {
  if (a.dtype() != mx::complex64) {
    need_wide(a, "a");
  }
  if (a.shape(axes[0]) == 0 || a.shape(axes[1]) == 0) {
    bad_shape("a has empty matrices: " + text(a.shape()));
  }
}

}  // namespace

extern "C" {

int rlx_mlx_op_solve(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    return handle(solve(in(a, "a"), in(b, "b"), [](const mx::array& x, const mx::array& y, mx::Stream s) {
      return mx::linalg::solve(x, y, s);
    }));
  });
}

int rlx_mlx_op_solve_triangular(rlx_mlx_array_t* a, rlx_mlx_array_t* b, int upper, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    return handle(solve(in(a, "a"), in(b, "b"), [&](const mx::array& x, const mx::array& y, mx::Stream s) {
      return mx::linalg::solve_triangular(x, y, upper != 0, s);
    }));
  });
}

int rlx_mlx_op_inv(rlx_mlx_array_t* a, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(mx::linalg::inv(square(a), cpu_here())); });
}

int rlx_mlx_op_tri_inv(rlx_mlx_array_t* a, int upper, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(mx::linalg::tri_inv(square(a), upper != 0, cpu_here())); });
}

int rlx_mlx_op_cholesky_inv(rlx_mlx_array_t* a, int upper, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(mx::linalg::cholesky_inv(square(a), upper != 0, cpu_here())); });
}

int rlx_mlx_op_pinv(rlx_mlx_array_t* a, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(mx::linalg::pinv(matrix(a), cpu_here())); });
}

int rlx_mlx_op_cholesky(rlx_mlx_array_t* a, int upper, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto s = cpu_here();
    const auto factor = mx::linalg::cholesky(square(a), upper != 0, s);
    // MLX drops LAPACK's verdict, but the factorisation stops at the first diagonal element that is not positive.
    const auto pivots = mx::diagonal(factor, 0, -2, -1, s);
    const auto good = mx::all(mx::greater(pivots, mx::array(0, factor.dtype()), s), -1, true, s);
    const auto nan = mx::array(std::numeric_limits<double>::quiet_NaN(), factor.dtype());
    return handle(mx::where(mx::expand_dims(good, -1, s), factor, nan, s));
  });
}

int rlx_mlx_op_qr(rlx_mlx_array_t* a, rlx_mlx_array_t** out_q, rlx_mlx_array_t** out_r) {
  return produce_all<2>(__func__, {out_q, out_r}, [&] { return both(mx::linalg::qr(matrix(a), cpu_here())); });
}

int rlx_mlx_op_lu(rlx_mlx_array_t* a, rlx_mlx_array_t** out_p, rlx_mlx_array_t** out_l, rlx_mlx_array_t** out_u) {
  return produce_all<3>(__func__, {out_p, out_l, out_u}, [&] { return mx::linalg::lu(matrix(a), cpu_here()); });
}

int rlx_mlx_op_lu_factor(rlx_mlx_array_t* a, rlx_mlx_array_t** out_lu, rlx_mlx_array_t** out_pivots) {
  return produce_all<2>(__func__, {out_lu, out_pivots},
                        [&] { return both(mx::linalg::lu_factor(matrix(a), cpu_here())); });
}

int rlx_mlx_op_svd(rlx_mlx_array_t* a, rlx_mlx_array_t** out_u, rlx_mlx_array_t** out_s, rlx_mlx_array_t** out_vt) {
  return produce_all<3>(__func__, {out_u, out_s, out_vt},
                        [&] { return mx::linalg::svd(matrix(a, true), true, cpu_here()); });
}

int rlx_mlx_op_svdvals(rlx_mlx_array_t* a, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(mx::linalg::svd(matrix(a, true), false, cpu_here()).at(0)); });
}

int rlx_mlx_op_eigh(rlx_mlx_array_t* a, int upper, rlx_mlx_array_t** out_w, rlx_mlx_array_t** out_v) {
  return produce_all<2>(__func__, {out_w, out_v},
                        [&] { return both(mx::linalg::eigh(square(a, true), upper ? "U" : "L", cpu_here())); });
}

int rlx_mlx_op_eigvalsh(rlx_mlx_array_t* a, int upper, rlx_mlx_array_t** out) {
  return produce(__func__, out,
                 [&] { return handle(mx::linalg::eigvalsh(square(a, true), upper ? "U" : "L", cpu_here())); });
}

int rlx_mlx_op_eig(rlx_mlx_array_t* a, rlx_mlx_array_t** out_w, rlx_mlx_array_t** out_v) {
  return produce_all<2>(__func__, {out_w, out_v}, [&] { return both(mx::linalg::eig(eig_operand(a), cpu_here())); });
}

int rlx_mlx_op_eigvals(rlx_mlx_array_t* a, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(mx::linalg::eigvals(eig_operand(a), cpu_here())); });
}

int rlx_mlx_op_det(rlx_mlx_array_t* a, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto s = cpu_here();
    const auto& x = square(a);
    const auto [lu, pivots] = mx::linalg::lu_factor(x, s);
    // Every row that was swapped turns the sign.
    const auto stays = mx::equal(pivots, mx::arange(0, x.shape(-1), mx::uint32, s), s);
    const auto signs = mx::where(stays, mx::array(1, x.dtype()), mx::array(-1, x.dtype()), s);
    return handle(mx::prod(mx::multiply(mx::diagonal(lu, 0, -2, -1, s), signs, s), -1, false, s));
  });
}

int rlx_mlx_op_slogdet(rlx_mlx_array_t* a, rlx_mlx_array_t** out_sign, rlx_mlx_array_t** out_logabsdet) {
  return produce_all<2>(__func__, {out_sign, out_logabsdet},
                        [&] { return both(mx::linalg::slogdet(square(a), cpu_here())); });
}

int rlx_mlx_op_norm(rlx_mlx_array_t* a, double ord, const int* axes, size_t n_axes, int keep_dim,
                    rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    const auto list = norm_axes(x, axes, n_axes, 1);
    const auto direct = [&](const mx::array& a) { return mx::linalg::norm(a, ord, list, keep_dim != 0, here()); };
    if (list.size() == 1) {
      return handle(norm_in_f32(x, direct));
    }
    const double kind = std::abs(ord);
    if (kind != 1.0 && kind != 2.0 && !std::isinf(kind)) {
      throw Failure(RLX_MLX_ERR_GENERIC, "matrices have no norm " + std::to_string(ord));
    }
    if (kind == 2.0) {
      need_svd(x, list);
      return handle(mx::linalg::norm(x, ord, list, keep_dim != 0, cpu_here()));
    }
    return handle(norm_in_f32(x, direct));
  });
}

int rlx_mlx_op_norm_named(rlx_mlx_array_t* a, const char* ord, const int* axes, size_t n_axes, int keep_dim,
                          rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    const std::string_view name(&target(ord, "ord"));
    if (name != "fro" && name != "nuc") {
      throw Failure(RLX_MLX_ERR_GENERIC, "unknown norm \"" + std::string(name) + "\"");
    }
    const auto list = norm_axes(x, axes, n_axes, 2);
    if (name == "nuc") {
      need_svd(x, list);
      return handle(mx::linalg::norm(x, "nuc", list, keep_dim != 0, cpu_here()));
    }
    return handle(
        norm_in_f32(x, [&](const mx::array& a) { return mx::linalg::norm(a, "fro", list, keep_dim != 0, here()); }));
  });
}

int rlx_mlx_op_cross(rlx_mlx_array_t* a, rlx_mlx_array_t* b, int axis, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    const auto& y = in(b, "b");
    const int extents[] = {x.shape(axis_of(x, axis)), y.shape(axis_of(y, axis))};
    for (const int extent : extents) {
      if (extent != 2 && extent != 3) {
        bad_shape("an axis of " + std::to_string(extent) + " elements instead of 2 or 3");
      }
    }
    return handle(mx::linalg::cross(x, y, axis, here()));
  });
}

}  // extern "C"
