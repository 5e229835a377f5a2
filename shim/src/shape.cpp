#include "internal.h"
#include "mlx/ops.h"

using namespace rlx_mlx;

namespace {

mx::Shape bounds(const int* values, size_t count, const char* name) {
  const auto list = ints_of(values, count, name);
  return mx::Shape(list.begin(), list.end());
}

}  // namespace

extern "C" {

int rlx_mlx_op_reshape(rlx_mlx_array_t* a, const int* new_shape, size_t ndim, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(mx::reshape(in(a, "a"), shape_of(new_shape, ndim, -1), here())); });
}

int rlx_mlx_op_transpose(rlx_mlx_array_t* a, const int* perm, size_t ndim, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(mx::transpose(in(a, "a"), ints_of(perm, ndim, "perm"), here())); });
}

int rlx_mlx_op_slice(rlx_mlx_array_t* a, const int* start, const int* stop, const int* strides, size_t ndim,
                     rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    if (ndim != x.ndim()) {
      throw Failure(RLX_MLX_ERR_BAD_SHAPE,
                    std::to_string(ndim) + " bounds for an array of rank " + std::to_string(x.ndim()));
    }
    auto steps = strides ? bounds(strides, ndim, "strides") : mx::Shape(ndim, 1);
    for (auto step : steps) {
      if (step == 0) {
        throw Failure(RLX_MLX_ERR_BAD_SHAPE, "stride 0");
      }
    }
    return handle(mx::slice(x, bounds(start, ndim, "start"), bounds(stop, ndim, "stop"), std::move(steps), here()));
  });
}

int rlx_mlx_op_concat(rlx_mlx_array_t* const* arrays, size_t n, int axis, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    if (n == 0) {
      throw Failure(RLX_MLX_ERR_BAD_SHAPE, "no arrays");
    }
    return handle(mx::concatenate(arrays_of(arrays, n, "arrays"), axis, here()));
  });
}

int rlx_mlx_op_broadcast_to(rlx_mlx_array_t* a, const int* shape, size_t ndim, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(mx::broadcast_to(in(a, "a"), shape_of(shape, ndim), here())); });
}

int rlx_mlx_op_contiguous(rlx_mlx_array_t* a, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(mx::contiguous(in(a, "a"), false, here())); });
}

}  // extern "C"
