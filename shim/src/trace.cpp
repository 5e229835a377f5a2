// Functions traced at once and replayed on any thread.
#include <algorithm>

#include "tape.h"

using namespace rlx_mlx;

struct rlx_mlx_trace_s : Counted {
  Tape tape;
  explicit rlx_mlx_trace_s(Tape tape) : tape(std::move(tape)) {}
};

extern "C" {

int rlx_mlx_trace(rlx_mlx_lower_fn lower, void* ud, rlx_mlx_array_t* const* inputs, size_t n_inputs, size_t n_outputs,
                  rlx_mlx_trace_t** out) {
  return produce(__func__, out, [&] {
    if (!lower) {
      throw Failure(RLX_MLX_ERR_NULL, "lower is NULL");
    }
    const auto call = [&](const std::vector<mx::array>& tracers) {
      auto outputs = lower_with(lower, ud, tracers, n_outputs);
      if (outputs.size() != n_outputs) {
        throw std::runtime_error("the function gave " + std::to_string(outputs.size()) + " outputs instead of " +
                                 std::to_string(n_outputs));
      }
      return outputs;
    };
    return new rlx_mlx_trace_s(record(call, arrays_of(inputs, n_inputs, "inputs"), false));
  });
}

int rlx_mlx_trace_call(rlx_mlx_trace_t* trace, rlx_mlx_array_t* const* inputs, size_t n_inputs,
                       rlx_mlx_array_t** out_outputs, size_t n_outputs) {
  if (out_outputs) {
    std::fill(out_outputs, out_outputs + n_outputs, nullptr);
  }
  return guarded(__func__, [&] {
    if (!trace || (n_outputs > 0 && !out_outputs)) {
      throw Failure(RLX_MLX_ERR_NULL, trace ? "out_outputs is NULL" : "trace is NULL");
    }
    const Tape& tape = trace->tape;
    if (n_inputs != tape.input_shapes.size() || n_outputs != tape.outputs.size()) {
      throw Failure(RLX_MLX_ERR_BAD_SHAPE, std::to_string(n_inputs) + " inputs and " + std::to_string(n_outputs) +
                                               " outputs for a trace of " + std::to_string(tape.input_shapes.size()) +
                                               " and " + std::to_string(tape.outputs.size()));
    }
    const auto arrays = arrays_of(inputs, n_inputs, "inputs");
    for (size_t i = 0; i < n_inputs; ++i) {
      if (arrays[i].shape() != tape.input_shapes[i] || arrays[i].dtype() != tape.input_dtypes[i]) {
        throw Failure(RLX_MLX_ERR_BAD_SHAPE, "input " + std::to_string(i) + " has another shape or dtype than the trace");
      }
    }
    Handles(tape.replay(arrays)).give(out_outputs);
  });
}

int rlx_mlx_trace_size(rlx_mlx_trace_t* trace, size_t* out) {
  return guarded(__func__, [&] {
    if (!trace || !out) {
      throw Failure(RLX_MLX_ERR_NULL, trace ? "out is NULL" : "trace is NULL");
    }
    *out = trace->tape.steps.size();
  });
}

void rlx_mlx_trace_free(rlx_mlx_trace_t* trace) {
  delete trace;
}

}  // extern "C"
