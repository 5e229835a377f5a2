#include <algorithm>
#include <cmath>
#include <limits>

#include "checks.h"
#include "internal.h"
#include "mlx/ops.h"

using namespace rlx_mlx;

namespace {

// A diagonal inside of a matrix, or just outside: further away nothing changes, and MLX computes in 32 bits.
int diagonal_of(int k, int rows, int columns) {
  return std::clamp(k, -rows, columns);
}

// The two last extents.
std::pair<int, int> matrix_of(const mx::array& a) {
  if (a.ndim() < 2) {
    bad_shape("an array of rank " + std::to_string(a.ndim()) + " holds no matrices");
  }
  return {a.shape(-2), a.shape(-1)};
}

void check_matrix(int rows, int columns) {
  const int shape[] = {rows, columns};
  shape_of(shape, 2);
}

}  // namespace

extern "C" {

int rlx_mlx_op_zeros(const int* shape, size_t ndim, rlx_mlx_dtype_t dtype, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(mx::zeros(shape_of(shape, ndim), dtype_of(dtype), here())); });
}

int rlx_mlx_op_ones(const int* shape, size_t ndim, rlx_mlx_dtype_t dtype, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(mx::ones(shape_of(shape, ndim), dtype_of(dtype), here())); });
}

int rlx_mlx_op_full(const int* shape, size_t ndim, rlx_mlx_array_t* value, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& v = in(value, "value");
    const auto target = shape_of(shape, ndim);
    check_broadcast(v.shape(), target);
    return handle(mx::full(target, v, here()));
  });
}

int rlx_mlx_op_arange(double start, double stop, double step, rlx_mlx_dtype_t dtype, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto type = dtype_of(dtype);
    if (type == mx::bool_) {
      bad_dtype("not defined for bool");
    }
    const double count = std::ceil((stop - start) / step);
    if (!std::isfinite(count) || !std::isfinite(step) || count > std::numeric_limits<int>::max()) {
      bad_shape("from " + std::to_string(start) + " to " + std::to_string(stop) + " by " + std::to_string(step));
    }
    return handle(mx::arange(start, stop, step, type, here()));
  });
}

int rlx_mlx_op_linspace(double start, double stop, int count, int endpoint, rlx_mlx_dtype_t dtype,
                        rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    extent_of(count);
    return handle(mx::linspace(start, stop, count, endpoint != 0, dtype_of(dtype), here()));
  });
}

int rlx_mlx_op_eye(int rows, int columns, int k, rlx_mlx_dtype_t dtype, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    check_matrix(rows, columns);
    return handle(mx::eye(rows, columns, diagonal_of(k, rows, columns), dtype_of(dtype), here()));
  });
}

int rlx_mlx_op_tri(int rows, int columns, int k, rlx_mlx_dtype_t dtype, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    check_matrix(rows, columns);
    return handle(mx::tri(rows, columns, diagonal_of(k, rows, columns), dtype_of(dtype), here()));
  });
}

int rlx_mlx_op_tril(rlx_mlx_array_t* a, int k, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    const auto [rows, columns] = matrix_of(x);
    return handle(mx::tril(x, diagonal_of(k, rows, columns), here()));
  });
}

int rlx_mlx_op_triu(rlx_mlx_array_t* a, int k, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    const auto [rows, columns] = matrix_of(x);
    return handle(mx::triu(x, diagonal_of(k, rows, columns), here()));
  });
}

}  // extern "C"
