#include "nothing.h"

#include "mlx/ops.h"

namespace rlx_mlx {

mx::array of_nothing(const mx::array& planned, double value) {
  return mx::full(planned.shape(), mx::array(value, planned.dtype()), planned.dtype(), here());
}

mx::array unless_empty(const mx::array& x, const mx::array& y, double of_none) {
  return x.size() == 0 ? of_nothing(y, of_none) : y;
}

mx::array unless_nothing(const mx::array& a, const mx::array& b, const mx::array& planned) {
  return a.size() == 0 || b.size() == 0 ? of_nothing(planned) : planned;
}

}  // namespace rlx_mlx
