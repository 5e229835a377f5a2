#include "internal.h"
#include "mlx/ops.h"

using namespace rlx_mlx;

// One C function per MLX function of two arrays and a stream.
#define RLX_MLX_BINARY_OP(NAME, FUNCTION)                                                          \
  extern "C" int rlx_mlx_op_##NAME(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out) { \
    return produce(__func__, out, [&] { return handle(FUNCTION(in(a, "a"), in(b, "b"), here())); }); \
  }

RLX_MLX_BINARY_OP(add, mx::add)
RLX_MLX_BINARY_OP(sub, mx::subtract)
RLX_MLX_BINARY_OP(mul, mx::multiply)
RLX_MLX_BINARY_OP(div, mx::divide)
RLX_MLX_BINARY_OP(floor_div, mx::floor_divide)
RLX_MLX_BINARY_OP(max, mx::maximum)
RLX_MLX_BINARY_OP(min, mx::minimum)
RLX_MLX_BINARY_OP(pow, mx::power)
RLX_MLX_BINARY_OP(remainder, mx::remainder)
RLX_MLX_BINARY_OP(atan2, mx::arctan2)
RLX_MLX_BINARY_OP(bit_and, mx::bitwise_and)
RLX_MLX_BINARY_OP(bit_or, mx::bitwise_or)
RLX_MLX_BINARY_OP(bit_xor, mx::bitwise_xor)
RLX_MLX_BINARY_OP(shl, mx::left_shift)
RLX_MLX_BINARY_OP(shr, mx::right_shift)
RLX_MLX_BINARY_OP(eq, mx::equal)
RLX_MLX_BINARY_OP(ne, mx::not_equal)
RLX_MLX_BINARY_OP(lt, mx::less)
RLX_MLX_BINARY_OP(le, mx::less_equal)
RLX_MLX_BINARY_OP(gt, mx::greater)
RLX_MLX_BINARY_OP(ge, mx::greater_equal)

extern "C" int rlx_mlx_op_where(rlx_mlx_array_t* cond, rlx_mlx_array_t* x, rlx_mlx_array_t* y, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(mx::where(in(cond, "cond"), in(x, "x"), in(y, "y"), here())); });
}
