// Functions traced at once and replayed on any thread.
#include <algorithm>

#include "elements.h"
#include "operands.h"
#include "tape.h"
#include "mlx/transforms.h"

using namespace rlx_mlx;

struct rlx_mlx_trace_s : Counted {
  Tape tape;
  explicit rlx_mlx_trace_s(Tape tape) : tape(std::move(tape)) {}
};

namespace {

const Tape& tape_in(const rlx_mlx_trace_t* trace) {
  if (!trace) {
    throw Failure(RLX_MLX_ERR_NULL, "trace is NULL");
  }
  return trace->tape;
}

void check_counts(const Tape& tape, size_t n_inputs, size_t n_outputs) {
  if (n_inputs != tape.input_shapes.size() || n_outputs != tape.outputs.size()) {
    bad_shape(std::to_string(n_inputs) + " inputs and " + std::to_string(n_outputs) + " outputs for a trace of " +
              std::to_string(tape.input_shapes.size()) + " and " + std::to_string(tape.outputs.size()));
  }
}

void check_input(const Tape& tape, size_t i, const mx::array& a) {
  if (a.shape() != tape.input_shapes[i] || a.dtype() != tape.input_dtypes[i]) {
    bad_shape("input " + std::to_string(i) + " has another shape or dtype than the trace");
  }
}

// Where results go: NULL first, so that a failure leaves NULL.
void clear(rlx_mlx_array_t** out_outputs, size_t n) {
  if (out_outputs) {
    std::fill(out_outputs, out_outputs + n, nullptr);
  }
}

// Lazy outputs. What is copied here is referred to by the graph alone, so that MLX can reuse its memory.
std::vector<mx::array> replay(const rlx_mlx_trace_t* trace, const rlx_mlx_source_t* inputs, size_t n_inputs,
                              rlx_mlx_array_t** out_outputs, size_t n_outputs) {
  const Tape& tape = tape_in(trace);
  check_counts(tape, n_inputs, n_outputs);
  if (n_inputs > 0) {
    target(inputs, "inputs");
  }
  if (n_outputs > 0) {
    target(out_outputs, "out_outputs");
  }
  std::vector<mx::array> values;
  values.reserve(tape.slots);
  for (size_t i = 0; i < n_inputs; ++i) {
    const auto& source = inputs[i];
    if (source.array) {
      check_input(tape, i, source.array->value);
      values.push_back(source.array->value);
    } else {
      check_bytes(tape.input_shapes[i], tape.input_dtypes[i], source.data, source.nbytes);
      values.push_back(copy_in(tape.input_shapes[i], tape.input_dtypes[i], source.data, source.nbytes));
    }
  }
  return tape.replay(std::move(values));
}

}  // namespace

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
  clear(out_outputs, n_outputs);
  return guarded(__func__, [&] {
    const Tape& tape = tape_in(trace);
    if (n_outputs > 0) {
      target(out_outputs, "out_outputs");
    }
    check_counts(tape, n_inputs, n_outputs);
    auto arrays = arrays_of(inputs, n_inputs, "inputs");
    for (size_t i = 0; i < n_inputs; ++i) {
      check_input(tape, i, arrays[i]);
    }
    Handles(tape.replay(std::move(arrays))).give(out_outputs);
  });
}

int rlx_mlx_trace_run(rlx_mlx_trace_t* trace, const rlx_mlx_source_t* inputs, size_t n_inputs,
                      const rlx_mlx_sink_t* sinks, rlx_mlx_array_t** out_outputs, size_t n_outputs) {
  clear(out_outputs, n_outputs);
  return guarded(__func__, [&] {
    auto outputs = replay(trace, inputs, n_inputs, out_outputs, n_outputs);
    if (n_outputs > 0) {
      target(sinks, "sinks");
    }
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (sinks[i].data && sinks[i].nbytes != outputs[i].nbytes()) {
        bad_shape("output " + std::to_string(i) + " has " + std::to_string(outputs[i].nbytes()) + " bytes, not " +
                  std::to_string(sinks[i].nbytes));
      }
    }
    settle(outputs);
    Handles made(outputs);
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (sinks[i].data) {
        read_part(outputs[i], 0, outputs[i].nbytes(), sinks[i].data);
      }
    }
    made.give(out_outputs);
  });
}

int rlx_mlx_trace_start(rlx_mlx_trace_t* trace, const rlx_mlx_source_t* inputs, size_t n_inputs,
                        rlx_mlx_array_t** out_outputs, size_t n_outputs) {
  clear(out_outputs, n_outputs);
  return guarded(__func__, [&] {
    auto outputs = replay(trace, inputs, n_inputs, out_outputs, n_outputs);
    mx::async_eval(outputs);
    Handles(outputs).give(out_outputs);
  });
}

int rlx_mlx_trace_fold(rlx_mlx_trace_t* trace) {
  return guarded(__func__, [&] {
    tape_in(trace);
    trace->tape.fold();
  });
}

int rlx_mlx_trace_size(rlx_mlx_trace_t* trace, size_t* out) {
  return guarded(__func__, [&] { target(out) = tape_in(trace).steps.size(); });
}

int rlx_mlx_trace_largest(rlx_mlx_trace_t* trace, size_t* out) {
  return guarded(__func__, [&] { target(out) = tape_in(trace).largest(); });
}

void rlx_mlx_trace_free(rlx_mlx_trace_t* trace) {
  delete trace;
}

}  // extern "C"
