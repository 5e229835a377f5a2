// Host code as a node of the graph.
#include <memory>
#include <new>

#include "host_code.h"
#include "mlx/ops.h"
#include "outputs.h"

using namespace rlx_mlx;

namespace {

// NULL when memory runs out; `ud` is released then, too.
std::shared_ptr<const HostCode> make_code(rlx_mlx_host_fn fn, void* ud, rlx_mlx_release_fn release,
                                          rlx_mlx_rows_t rows) noexcept {
  auto* code = new (std::nothrow) HostCode(fn, ud, release, rows);
  if (!code) {
    if (release) {
      release(ud);
    }
    return nullptr;
  }
  try {
    return std::shared_ptr<const HostCode>(code);  // deletes `code` when it throws
  } catch (...) {
    return nullptr;
  }
}

}  // namespace

extern "C" {

int rlx_mlx_op_host_callback(rlx_mlx_host_fn fn, void* ud, rlx_mlx_release_fn release, rlx_mlx_rows_t rows,
                             rlx_mlx_array_t* const* inputs, size_t n_inputs, const int* const* output_shapes,
                             const size_t* output_ranks, const rlx_mlx_dtype_t* output_dtypes, size_t n_outputs,
                             rlx_mlx_array_t** out_outputs) {
  // Made first of all, so that every failure releases.
  auto code = make_code(fn, ud, release, rows);
  return produce_many(__func__, out_outputs, n_outputs, [&] {
    if (!code) {
      throw std::bad_alloc();
    }
    if (!fn) {
      throw Failure(RLX_MLX_ERR_NULL, "fn is NULL");
    }
    auto types = output_types(output_shapes, output_ranks, output_dtypes, n_outputs);
    const auto stream = cpu_here();
    auto operands = arrays_of(inputs, n_inputs, "inputs");
    for (auto& a : operands) {
      code_of(a.dtype());  // refuses what a view cannot name
      // As a node of its own, what makes an operand dense is shared, folded and counted. Leaves may be dense already.
      if (a.has_primitive() && !host_code_of(a.primitive())) {
        a = mx::contiguous(a, false, stream);
      }
    }
    return mx::array::make_arrays(std::move(types.shapes), types.dtypes,
                                  std::make_shared<HostCallback>(stream, std::move(code)), operands);
  });
}

int rlx_mlx_host_callback_may_overwrite(rlx_mlx_array_t* first, size_t input) {
  return guarded(__func__, [&] {
    const auto& output = in(first, "first");
    auto* callback = output.has_primitive() ? host_callback(output.primitive()) : nullptr;
    if (!callback) {
      throw Failure(RLX_MLX_ERR_GENERIC, "not an output of host code");
    }
    if (input >= output.inputs().size()) {
      throw Failure(RLX_MLX_ERR_GENERIC, "no input " + std::to_string(input));
    }
    callback->may_overwrite(input);
  });
}

}  // extern "C"
