#include "mlx/fast.h"
#include "nothing.h"
#include "operands.h"

using namespace rlx_mlx;

extern "C" {

int rlx_mlx_op_softmax(rlx_mlx_array_t* a, int axis, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    auto x = in(a, "a");
    const int at = axis_of(x, axis);
    if (!mx::issubdtype(x.dtype(), mx::inexact)) {
      x = mx::astype(x, mx::float32, here());
    }
    need_floating(x, "a");
    return handle(unless_empty(x, mx::softmax(x, at, true, here())));
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
    return handle(unless_empty(x, mx::fast::cross_entropy(x, inside(classes, x.shape(-1), "targets", here()), here())));
  });
}

}  // extern "C"
