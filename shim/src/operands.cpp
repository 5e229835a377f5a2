#include "operands.h"

#include "indices.h"
#include "mlx/utils.h"

namespace rlx_mlx {

void need_floating(const mx::array& a, const char* name) {
  if (!mx::issubdtype(a.dtype(), mx::floating)) {
    bad_dtype(std::string(name) + " must be f16, bf16, f32 or f64");
  }
}

void need_inexact(const mx::array& a, const char* name) {
  if (!mx::issubdtype(a.dtype(), mx::inexact)) {
    bad_dtype(std::string(name) + " must be a float or complex64");
  }
}

void need_wide(const mx::array& a, const char* name) {
  if (a.dtype() != mx::float32 && a.dtype() != mx::float64) {
    bad_dtype(std::string(name) + " must be f32 or f64");
  }
}

void need_integer(const mx::array& a, const char* name) {
  if (!mx::issubdtype(a.dtype(), mx::integer)) {
    bad_dtype(std::string(name) + " must be integers");
  }
}

void need_rank(const mx::array& a, size_t rank, const char* name) {
  if (a.ndim() < rank) {
    bad_shape(std::string(name) + " has shape " + text(a.shape()) + " instead of rank " + std::to_string(rank) +
              " or more");
  }
}

void need_shape(const mx::array& a, const mx::Shape& shape, const char* name) {
  if (a.shape() != shape) {
    bad_shape(std::string(name) + " has shape " + text(a.shape()) + " instead of " + text(shape));
  }
}

mx::array inside(const mx::array& indices, int extent, const char* name, mx::StreamOrDevice s) {
  if (extent == 0 && indices.size() > 0) {
    bad_shape(std::string(name) + " pick from an empty axis");
  }
  const auto index = clamped(indices, extent, 1, s);
  if (!mx::issubdtype(index.dtype(), mx::signedinteger)) {
    return mx::astype(index, mx::uint32, s);
  }
  const auto zero = mx::array(0, index.dtype());
  const auto last = mx::array(extent, index.dtype());
  return mx::astype(mx::where(mx::less(index, zero, s), mx::add(index, last, s), index, s), mx::uint32, s);
}

bool on_cpu() {
  return mx::to_stream(here()).device == mx::Device::cpu;
}

}  // namespace rlx_mlx
