#include "internal.h"
#include "mlx/ops.h"

using namespace rlx_mlx;

extern "C" {

int rlx_mlx_op_matmul(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(mx::matmul(in(a, "a"), in(b, "b"), here())); });
}

int rlx_mlx_op_addmm(rlx_mlx_array_t* c, rlx_mlx_array_t* a, rlx_mlx_array_t* b, float alpha, float beta,
                     rlx_mlx_array_t** out) {
  return produce(__func__, out,
                 [&] { return handle(mx::addmm(in(c, "c"), in(a, "a"), in(b, "b"), alpha, beta, here())); });
}

}  // extern "C"
