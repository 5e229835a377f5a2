#include "nothing.h"

#include "mlx/ops.h"

namespace rlx_mlx {

mx::array of_nothing(const mx::array& planned, double value) {
  return mx::full(planned.shape(), mx::array(value, planned.dtype()), planned.dtype(), here());
}

}  // namespace rlx_mlx
