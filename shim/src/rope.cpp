#include "mlx/fast.h"
#include "operands.h"

using namespace rlx_mlx;

namespace {

// What both forms of rope check; MLX checks the same later.
std::optional<mx::array> rope_freqs(const mx::array& x, int dims, const rlx_mlx_array_t* freqs_or_null) {
  need_floating(x, "x");
  need_rank(x, 3, "x");
  if (dims <= 0 || dims % 2 != 0 || dims > x.shape(-1)) {
    bad_shape("dims " + std::to_string(dims) + " is not an even number from 2 to " + std::to_string(x.shape(-1)));
  }
  auto freqs = optional(freqs_or_null);
  if (freqs) {
    need_floating(*freqs, "freqs");
    need_shape(*freqs, {dims / 2}, "freqs");
  }
  return freqs;
}

std::optional<float> base_unless(const std::optional<mx::array>& freqs, float base) {
  return freqs ? std::nullopt : std::optional(base);
}

}  // namespace

extern "C" {

int rlx_mlx_op_rope(rlx_mlx_array_t* x, int dims, int traditional, float base, float scale, int offset,
                    rlx_mlx_array_t* freqs_or_null, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& value = in(x, "x");
    const auto freqs = rope_freqs(value, dims, freqs_or_null);
    const auto turn = base_unless(freqs, base);
    return handle(mx::fast::rope(value, dims, traditional != 0, turn, scale, offset, freqs, here()));
  });
}

int rlx_mlx_op_rope_offsets(rlx_mlx_array_t* x, int dims, int traditional, float base, float scale,
                            rlx_mlx_array_t* offsets, rlx_mlx_array_t* freqs_or_null, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& value = in(x, "x");
    const auto& start = in(offsets, "offsets");
    const auto freqs = rope_freqs(value, dims, freqs_or_null);
    need_integer(start, "offsets");
    if (start.ndim() > 0) {
      need_shape(start, {value.shape(0)}, "offsets");
    }
    const auto turn = base_unless(freqs, base);
    return handle(mx::fast::rope(value, dims, traditional != 0, turn, scale, start, freqs, here()));
  });
}

}  // extern "C"
