#include "internal.h"
#include "mlx/ops.h"

using namespace rlx_mlx;

extern "C" int rlx_mlx_op_take(rlx_mlx_array_t* a, rlx_mlx_array_t* indices, int axis, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto s = here();
    const auto& x = in(a, "a");
    const auto& given = in(indices, "indices");
    const int at = axis_of(x, axis);
    if (!mx::issubdtype(given.dtype(), mx::integer)) {
      throw Failure(RLX_MLX_ERR_BAD_DTYPE, "indices must be integers");
    }
    // The bounds below have to fit into the type of the indices.
    const auto picks = mx::size_of(given.dtype()) < sizeof(int) ? mx::astype(given, mx::int32, s) : given;
    const int extent = x.shape(at);
    if (extent == 0 && picks.size() > 0) {
      throw Failure(RLX_MLX_ERR_BAD_SHAPE, "cannot take from an empty axis");
    }
    // MLX checks no index; clamping keeps every read inside the array.
    const bool sign = mx::issubdtype(picks.dtype(), mx::signedinteger);
    const auto low = sign ? std::optional(mx::array(-extent, picks.dtype())) : std::nullopt;
    const auto high = mx::array(extent - 1, picks.dtype());
    return handle(mx::take(x, mx::clip(picks, low, high, s), at, s));
  });
}
