// Functions traced at once and replayed on any thread.
#include <algorithm>
#include <optional>

#include "elements.h"
#include "mlx/ops.h"
#include "mlx/transforms.h"
#include "operands.h"
#include "tape.h"

using namespace rlx_mlx;

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

// What the tape reads of an array: of a whole one that has more rows, a view of the first.
mx::array input_of(const Tape& tape, size_t i, const mx::array& a) {
  const auto& shape = tape.input_shapes[i];
  const bool same_dtype = a.dtype() == tape.input_dtypes[i];
  if (same_dtype && a.shape() == shape) {
    return a;
  }
  if (same_dtype && !tape.whole_shapes.empty() && a.shape() == tape.whole_shapes[i]) {
    return mx::slice(a, mx::Shape(shape.size(), 0), shape, here());
  }
  bad_shape("input " + std::to_string(i) + " has another shape or dtype than the trace");
}

// Where results go: NULL first, so that a failure leaves NULL.
void clear(rlx_mlx_array_t** out_outputs, size_t n) {
  if (out_outputs) {
    std::fill(out_outputs, out_outputs + n, nullptr);
  }
}

// To borrow smaller inputs saves less than it costs.
constexpr size_t WORTH_BORROWING = size_t{1} << 16;

// The caller's memory, where MLX's operations can read it as an array.
std::optional<mx::array> lend(const mx::Shape& shape, mx::Dtype dtype, const rlx_mlx_source_t& source) {
  if (source.nbytes < WORTH_BORROWING || !can_borrow(dtype, source.data, source.nbytes) ||
      !is_readable_in_front(source.data)) {
    return std::nullopt;
  }
  return borrowed(shape, dtype, source.data, [](mx::allocator::Buffer) {});
}

// Arrays of the inputs. What is copied here is referred to by the graph alone, so that MLX can reuse its memory. With
// `lent`, which gets them, arrays over the caller's memory are made where that is possible: while somebody else holds them
// MLX does not write over them.
std::vector<mx::array> arrays_from(const Tape& tape, const rlx_mlx_source_t* inputs, size_t n_inputs,
                                   std::vector<mx::array>* lent) {
  if (n_inputs > 0) {
    target(inputs, "inputs");
  }
  std::vector<mx::array> values;
  values.reserve(tape.slots);
  for (size_t i = 0; i < n_inputs; ++i) {
    const auto& source = inputs[i];
    if (source.array) {
      values.push_back(input_of(tape, i, source.array->value));
      continue;
    }
    const auto& shape = tape.input_shapes[i];
    const auto dtype = tape.input_dtypes[i];
    check_bytes(shape, dtype, source.data, source.nbytes);
    if (lent && tape.schedule.borrowable[i] && can_borrow(dtype, source.data, source.nbytes)) {
      values.push_back(borrowed(shape, dtype, source.data, [](mx::allocator::Buffer) {}));
    } else if (auto array = lent ? lend(shape, dtype, source) : std::nullopt) {
      lent->push_back(*array);
      values.push_back(std::move(*array));
    } else {
      values.push_back(copy_in(shape, dtype, source.data, source.nbytes));
    }
  }
  return values;
}

// After a failure, other parts of the graph may still read what was lent.
void wait_for_readers(const std::vector<mx::array>& lent) {
  if (lent.empty()) {
    return;
  }
  try {
    mx::synchronize(mx::to_stream(here()));
  } catch (...) {
    // The failure that is told already, or another of the same run.
  }
}

// An output that outlives the run: elements of its own, where it is a view of memory that was lent for the run.
mx::array kept(const mx::array& output, const std::vector<mx::array>& lent) {
  const auto shares = [&](const mx::array& a) { return a.data_shared_ptr() == output.data_shared_ptr(); };
  if (std::none_of(lent.begin(), lent.end(), shares)) {
    return output;
  }
  auto own = uninitialised(output.shape(), output.dtype());
  read_part(output, 0, output.nbytes(), own.data<void>());
  return own;
}

}  // namespace

extern "C" {

int rlx_mlx_trace(rlx_mlx_lower_fn lower, void* ud, rlx_mlx_array_t* const* inputs, size_t n_inputs, size_t cap,
                  rlx_mlx_trace_t** out) {
  return produce(__func__, out, [&] {
    if (!lower) {
      throw Failure(RLX_MLX_ERR_NULL, "lower is NULL");
    }
    const auto call = [&](const std::vector<mx::array>& tracers) { return lower_with(lower, ud, tracers, cap); };
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
      arrays[i] = input_of(tape, i, arrays[i]);
    }
    Handles(tape.replay(std::move(arrays))).give(out_outputs);
  });
}

int rlx_mlx_trace_run(rlx_mlx_trace_t* trace, const rlx_mlx_source_t* inputs, size_t n_inputs,
                      const rlx_mlx_sink_t* sinks, rlx_mlx_array_t** out_outputs, size_t n_outputs) {
  clear(out_outputs, n_outputs);
  return guarded(__func__, [&] {
    const Tape& tape = tape_in(trace);
    check_counts(tape, n_inputs, n_outputs);
    if (n_outputs > 0) {
      target(out_outputs, "out_outputs");
      target(sinks, "sinks");
    }
    std::vector<void*> places(n_outputs);
    for (size_t i = 0; i < n_outputs; ++i) {
      places[i] = sinks[i].only ? sinks[i].data : nullptr;
      if (sinks[i].data && sinks[i].nbytes != tape.output_bytes[i]) {
        bad_shape("output " + std::to_string(i) + " has " + std::to_string(tape.output_bytes[i]) + " bytes, not " +
                  std::to_string(sinks[i].nbytes));
      }
    }
    std::vector<mx::array> lent;
    auto arrays = arrays_from(tape, inputs, n_inputs, &lent);
    std::vector<mx::array> outputs;
    try {
      outputs = tape.run(std::move(arrays), places);
    } catch (...) {
      wait_for_readers(lent);
      throw;
    }
    Handles made;
    for (size_t i = 0; i < n_outputs; ++i) {
      if (sinks[i].data && sinks[i].nbytes > 0 && outputs[i].data<void>() != sinks[i].data) {
        read_part(outputs[i], 0, outputs[i].nbytes(), sinks[i].data);
      }
      made.list.push_back(places[i] ? nullptr : handle(kept(outputs[i], lent)));
    }
    made.give(out_outputs);
  });
}

int rlx_mlx_trace_start(rlx_mlx_trace_t* trace, const rlx_mlx_source_t* inputs, size_t n_inputs,
                        rlx_mlx_array_t** out_outputs, size_t n_outputs) {
  clear(out_outputs, n_outputs);
  return guarded(__func__, [&] {
    const Tape& tape = tape_in(trace);
    check_counts(tape, n_inputs, n_outputs);
    if (n_outputs > 0) {
      target(out_outputs, "out_outputs");
    }
    const auto outputs = tape.replay(arrays_from(tape, inputs, n_inputs, nullptr));
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

int rlx_mlx_trace_split(rlx_mlx_trace_t* trace, size_t wanted, unsigned char* out_read, size_t n_off,
                        rlx_mlx_trace_t** out) {
  return produce(__func__, out, [&] {
    const Tape& tape = tape_in(trace);
    const auto outputs = tape.outputs.size();
    if (wanted > outputs || n_off != outputs - wanted || tape.shapeless || !tape.whole_shapes.empty()) {
      bad_shape(std::to_string(wanted) + " and " + std::to_string(n_off) + " of " + std::to_string(outputs) +
                " outputs");
    }
    if (n_off > 0) {
      target(out_read, "out_read");
    }
    auto [off, read] = trace->tape.split(wanted);
    std::copy(read.begin(), read.end(), out_read);
    return new rlx_mlx_trace_s(std::move(off));
  });
}

int rlx_mlx_trace_reads(rlx_mlx_trace_t* trace, size_t first, size_t count, unsigned char* out, size_t n_inputs) {
  return guarded(__func__, [&] {
    const Tape& tape = tape_in(trace);
    const auto& outputs = tape.outputs;
    if (first > outputs.size() || count > outputs.size() - first || n_inputs != tape.input_shapes.size()) {
      bad_shape(std::to_string(count) + " outputs from " + std::to_string(first) + " on and " +
                std::to_string(n_inputs) + " inputs for a trace of " + std::to_string(outputs.size()) + " and " +
                std::to_string(tape.input_shapes.size()));
    }
    if (n_inputs > 0) {
      target(out, "out");
    }
    const auto begin = outputs.begin() + static_cast<std::ptrdiff_t>(first);
    const auto needed = tape.needed({begin, begin + static_cast<std::ptrdiff_t>(count)});
    std::copy_n(needed.begin(), n_inputs, out);
  });
}

int rlx_mlx_trace_first_rows(rlx_mlx_trace_t* trace, size_t wanted, int actual, int upper, unsigned char* out_inputs,
                             size_t n_inputs, unsigned char* out_outputs, size_t n_outputs, rlx_mlx_trace_t** out) {
  return produce(__func__, out, [&]() -> rlx_mlx_trace_t* {
    const Tape& tape = tape_in(trace);
    check_counts(tape, n_inputs, n_outputs);
    if (n_inputs > 0) {
      target(out_inputs, "out_inputs");
    }
    if (n_outputs > 0) {
      target(out_outputs, "out_outputs");
    }
    if (!tape.whole_shapes.empty()) {
      bad_shape("the trace gives the first rows of another one");
    }
    if (wanted > n_outputs || actual < 1 || actual > upper) {
      bad_shape("rows up to " + std::to_string(actual) + " of " + std::to_string(upper) + " for " +
                std::to_string(wanted) + " of " + std::to_string(n_outputs) + " outputs");
    }
    auto rows = first_rows(tape, wanted, actual, upper);
    if (!rows) {
      return nullptr;
    }
    std::copy(rows->inputs.begin(), rows->inputs.end(), out_inputs);
    std::copy(rows->outputs.begin(), rows->outputs.end(), out_outputs);
    return new rlx_mlx_trace_s(std::move(rows->tape));
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
