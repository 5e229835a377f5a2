#include "checks.h"
#include "internal.h"
#include "mlx/ops.h"

using namespace rlx_mlx;

namespace {

using Function = mx::array (*)(const mx::array&, const mx::array&, mx::StreamOrDevice);
// What an operand may be.
using Check = void (*)(const mx::array&);

void anything(const mx::array&) {}

void bits(const mx::array& a) {
  if (!whole_number(a.dtype())) {
    bad_dtype("defined for integers and bool only");
  }
}

mx::array apply(rlx_mlx_array_t* a, rlx_mlx_array_t* b, Function function, Check check) {
  const auto& x = in(a, "a");
  const auto& y = in(b, "b");
  check(x);
  check(y);
  broadcast_of(x.shape(), y.shape());
  return function(x, y, here());
}

// `function` on operands that a CPU's integer division takes: it traps on a divisor of 0, and on the lowest integer
// divided by -1. A divisor of 0 gives 0, and -1 gives `by_minus_one(a)`.
template <typename F>
mx::array divide_safely(const mx::array& x, const mx::array& y, Function function, F&& by_minus_one,
                        mx::StreamOrDevice s) {
  const auto type = mx::promote_types(x.dtype(), y.dtype());
  if (!whole_number(type)) {
    return function(x, y, s);
  }
  const auto a = mx::astype(x, type, s);
  const auto b = mx::astype(y, type, s);
  const auto scalar = [&](int v) { return mx::array(v, type); };
  const auto zero = mx::equal(b, scalar(0), s);
  if (!mx::issubdtype(type, mx::signedinteger)) {
    return mx::where(zero, scalar(0), function(a, mx::where(zero, scalar(1), b, s), s), s);
  }
  const auto minus = mx::equal(b, scalar(-1), s);
  const auto safe = mx::where(mx::logical_or(zero, minus, s), scalar(1), b, s);
  const auto result = mx::where(minus, by_minus_one(a), function(a, safe, s), s);
  return mx::where(zero, scalar(0), result, s);
}

mx::array floor_div(const mx::array& x, const mx::array& y, mx::StreamOrDevice s) {
  return divide_safely(x, y, mx::floor_divide, [&](const mx::array& a) { return mx::negative(a, s); }, s);
}

mx::array floor_remainder(const mx::array& x, const mx::array& y, mx::StreamOrDevice s) {
  return divide_safely(x, y, mx::remainder, [&](const mx::array& a) { return mx::array(0, a.dtype()); }, s);
}

mx::array c_remainder(const mx::array& x, const mx::array& y, mx::StreamOrDevice s) {
  const auto type = mx::promote_types(x.dtype(), y.dtype());
  const auto a = mx::astype(x, type, s);
  const auto b = mx::astype(y, type, s);
  const auto zero = mx::array(0, type);
  if (!whole_number(type)) {
    // Of two numbers that are not negative both remainders are the same.
    const auto r = mx::remainder(mx::abs(a, s), mx::abs(b, s), s);
    return mx::where(mx::less(a, zero, s), mx::negative(r, s), r, s);
  }
  const auto r = floor_remainder(a, b, s);
  if (!mx::issubdtype(type, mx::signedinteger)) {
    return r;
  }
  const auto differ = mx::not_equal(mx::less(a, zero, s), mx::less(b, zero, s), s);
  const auto correct = mx::logical_and(differ, mx::not_equal(r, zero, s), s);
  return mx::where(correct, mx::subtract(r, b, s), r, s);
}

}  // namespace

// One C function per function of two arrays and a stream.
#define RLX_MLX_BINARY_OP(NAME, FUNCTION, CHECK)                                                    \
  extern "C" int rlx_mlx_op_##NAME(rlx_mlx_array_t* a, rlx_mlx_array_t* b, rlx_mlx_array_t** out) { \
    return produce(__func__, out, [&] { return handle(apply(a, b, FUNCTION, CHECK)); });            \
  }

RLX_MLX_BINARY_OP(add, mx::add, anything)
RLX_MLX_BINARY_OP(sub, mx::subtract, anything)
RLX_MLX_BINARY_OP(mul, mx::multiply, anything)
RLX_MLX_BINARY_OP(div, mx::divide, anything)
RLX_MLX_BINARY_OP(floor_div, floor_div, no_complex)
RLX_MLX_BINARY_OP(remainder, floor_remainder, no_complex)
RLX_MLX_BINARY_OP(fmod, c_remainder, no_complex)
RLX_MLX_BINARY_OP(max, mx::maximum, anything)
RLX_MLX_BINARY_OP(min, mx::minimum, anything)
RLX_MLX_BINARY_OP(pow, mx::power, anything)
RLX_MLX_BINARY_OP(atan2, mx::arctan2, no_complex)
RLX_MLX_BINARY_OP(logaddexp, mx::logaddexp, anything)
RLX_MLX_BINARY_OP(bit_and, mx::bitwise_and, bits)
RLX_MLX_BINARY_OP(bit_or, mx::bitwise_or, bits)
RLX_MLX_BINARY_OP(bit_xor, mx::bitwise_xor, bits)
RLX_MLX_BINARY_OP(shl, mx::left_shift, bits)
RLX_MLX_BINARY_OP(shr, mx::right_shift, bits)
RLX_MLX_BINARY_OP(logical_and, mx::logical_and, anything)
RLX_MLX_BINARY_OP(logical_or, mx::logical_or, anything)
RLX_MLX_BINARY_OP(logical_xor, mx::logical_xor, anything)
RLX_MLX_BINARY_OP(eq, mx::equal, anything)
RLX_MLX_BINARY_OP(ne, mx::not_equal, anything)
RLX_MLX_BINARY_OP(lt, mx::less, anything)
RLX_MLX_BINARY_OP(le, mx::less_equal, anything)
RLX_MLX_BINARY_OP(gt, mx::greater, anything)
RLX_MLX_BINARY_OP(ge, mx::greater_equal, anything)

extern "C" int rlx_mlx_op_where(rlx_mlx_array_t* cond, rlx_mlx_array_t* x, rlx_mlx_array_t* y, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& c = in(cond, "cond");
    const auto& yes = in(x, "x");
    const auto& no = in(y, "y");
    broadcast_of(c.shape(), broadcast_of(yes.shape(), no.shape()));
    return handle(mx::where(c, yes, no, here()));
  });
}

extern "C" int rlx_mlx_op_clip(rlx_mlx_array_t* a, rlx_mlx_array_t* low_or_null, rlx_mlx_array_t* high_or_null,
                               rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(a, "a");
    if (!low_or_null && !high_or_null) {
      throw Failure(RLX_MLX_ERR_NULL, "low and high are NULL");
    }
    std::optional<mx::array> low, high;
    auto shape = x.shape();
    if (low_or_null) {
      low = low_or_null->value;
      shape = broadcast_of(shape, low->shape());
    }
    if (high_or_null) {
      high = high_or_null->value;
      broadcast_of(shape, high->shape());
    }
    return handle(mx::clip(x, low, high, here()));
  });
}
