#include "outputs.h"

namespace rlx_mlx {

OutputTypes output_types(const int* const* shapes, const size_t* ranks, const rlx_mlx_dtype_t* dtypes, size_t count) {
  if (count == 0) {
    throw Failure(RLX_MLX_ERR_BAD_SHAPE, "no outputs");
  }
  if (!shapes || !ranks || !dtypes) {
    throw Failure(RLX_MLX_ERR_NULL, std::string(!shapes  ? "output_shapes"
                                                : !ranks ? "output_ranks"
                                                         : "output_dtypes") +
                                        " is NULL");
  }
  OutputTypes types;
  for (size_t i = 0; i < count; ++i) {
    types.shapes.push_back(shape_of(shapes[i], ranks[i]));
    types.dtypes.push_back(dtype_of(dtypes[i]));
  }
  return types;
}

rlx_mlx_dtype_t code_of(mx::Dtype dtype) {
  for (int code = RLX_MLX_DTYPE_F32; code <= RLX_MLX_DTYPE_C64; ++code) {
    if (dtype_of(static_cast<rlx_mlx_dtype_t>(code)) == dtype) {
      return static_cast<rlx_mlx_dtype_t>(code);
    }
  }
  throw Failure(RLX_MLX_ERR_BAD_DTYPE, "an MLX dtype without a value in rlx_mlx_dtype_t");
}

}  // namespace rlx_mlx
