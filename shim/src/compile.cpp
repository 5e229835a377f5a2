// Functions traced once and replayed.
//
// mlx::core::compile keeps its traces per thread and per function id, and would trace again on every thread that calls.
// Here MLX's compile runs once, on placeholders, which gives the simplified (on GPU: fused) graph; that graph is then
// flattened into a tape of primitives that any thread can instantiate on new inputs.
#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "internal.h"
#include "mlx/compile.h"
#include "mlx/primitives.h"
#include "mlx/transforms.h"

using namespace rlx_mlx;

namespace {

// One primitive of the trace: its operands and results are slots.
struct Step {
  std::shared_ptr<mx::Primitive> primitive;
  std::vector<size_t> operands;
  std::vector<size_t> results;
  std::vector<mx::Shape> shapes;
  std::vector<mx::Dtype> dtypes;
};

struct Tape {
  size_t inputs = 0;
  std::vector<mx::Shape> input_shapes;
  std::vector<mx::Dtype> input_dtypes;
  // Arrays that every replay shares; they take the slots behind the inputs.
  std::vector<mx::array> constants;
  std::vector<Step> steps;
  std::vector<size_t> outputs;
  size_t slots = 0;
};

// Flattens the graph behind `outputs` in evaluation order. Iterative: graphs may be deeper than the stack.
class Flatten {
 public:
  Flatten(Tape& tape, const std::vector<mx::array>& inputs) : tape_(tape) {
    for (const auto& a : inputs) {
      slot_[a.id()] = tape_.slots++;
    }
  }

  void add_constants_of(const mx::array& root) {
    walk(root, [&](const mx::array& a) {
      if (!a.has_primitive() && slot_.emplace(a.id(), tape_.slots).second) {
        tape_.constants.push_back(a);
        ++tape_.slots;
      }
    });
  }

  void add_steps_of(const mx::array& root) {
    walk(root, [&](const mx::array& a) {
      if (a.has_primitive() && !slot_.contains(a.id())) {
        add_step(a);
      }
    });
  }

  size_t slot(const mx::array& a) const { return slot_.at(a.id()); }

 private:
  void add_step(const mx::array& a) {
    Step step;
    step.primitive = a.primitive_ptr();
    for (const auto& operand : a.inputs()) {
      step.operands.push_back(slot_.at(operand.id()));
    }
    for (const auto& result : a.outputs()) {
      slot_[result.id()] = tape_.slots;
      step.results.push_back(tape_.slots++);
      step.shapes.push_back(result.shape());
      step.dtypes.push_back(result.dtype());
    }
    tape_.steps.push_back(std::move(step));
  }

  // Calls `visit` for every array behind `root`, operands first.
  template <typename F>
  void walk(const mx::array& root, F&& visit) {
    std::unordered_map<std::uintptr_t, bool> seen;
    std::vector<std::pair<mx::array, size_t>> stack{{root, 0}};
    seen[root.id()] = true;
    while (!stack.empty()) {
      auto& [a, next] = stack.back();
      const bool done = slot_.contains(a.id()) && a.has_primitive();
      if (!done && next < a.inputs().size()) {
        const mx::array operand = a.inputs()[next++];
        if (seen.emplace(operand.id(), true).second) {
          stack.emplace_back(operand, 0);
        }
      } else {
        const mx::array finished = a;
        stack.pop_back();
        visit(finished);
      }
    }
  }

  Tape& tape_;
  std::unordered_map<std::uintptr_t, size_t> slot_;
};

Tape record(const std::function<std::vector<mx::array>(const std::vector<mx::array>&)>& fn,
            const std::vector<mx::array>& inputs) {
  // Fusion on CPU would run the system's C++ compiler at the first evaluation and load what it wrote into a shared
  // folder. The mode is global to MLX, so it is set under a lock around the only place that reads it.
  static std::mutex mode;
  std::lock_guard lock(mode);
  const bool on_gpu = mx::to_stream(here()).device == mx::Device::gpu;
  mx::set_compile_mode(on_gpu ? mx::CompileMode::enabled : mx::CompileMode::no_fuse);

  Tape tape;
  tape.inputs = inputs.size();
  std::vector<mx::array> placeholders;
  for (const auto& a : inputs) {
    placeholders.emplace_back(a.shape(), a.dtype(), nullptr, std::vector<mx::array>{});
    tape.input_shapes.push_back(a.shape());
    tape.input_dtypes.push_back(a.dtype());
  }
  const auto outputs = mx::compile(fn)(placeholders);
  Flatten flatten(tape, placeholders);
  for (const auto& a : outputs) {
    flatten.add_constants_of(a);
  }
  for (const auto& a : outputs) {
    flatten.add_steps_of(a);
  }
  for (const auto& a : outputs) {
    tape.outputs.push_back(flatten.slot(a));
  }
  // A constant that is computed lazily, or lives on another thread's stream, is settled here, once.
  mx::eval(tape.constants);
  return tape;
}

std::vector<mx::array> replay(const Tape& tape, const std::vector<mx::array>& inputs) {
  // Slots are filled in order: inputs, constants, then the results of each step.
  std::vector<mx::array> values;
  values.reserve(tape.slots);
  values.insert(values.end(), inputs.begin(), inputs.end());
  values.insert(values.end(), tape.constants.begin(), tape.constants.end());
  for (const auto& step : tape.steps) {
    std::vector<mx::array> operands;
    operands.reserve(step.operands.size());
    for (auto slot : step.operands) {
      operands.push_back(values[slot]);
    }
    if (step.results.size() == 1) {
      values.emplace_back(step.shapes[0], step.dtypes[0], step.primitive, std::move(operands));
    } else {
      for (auto& made : mx::array::make_arrays(step.shapes, step.dtypes, step.primitive, operands)) {
        values.push_back(std::move(made));
      }
    }
  }
  std::vector<mx::array> outputs;
  outputs.reserve(tape.outputs.size());
  for (auto slot : tape.outputs) {
    outputs.push_back(values[slot]);
  }
  return outputs;
}

// Owns handles until they are given away.
struct Handles {
  std::vector<rlx_mlx_array_t*> list;
  ~Handles() {
    for (auto* h : list) {
      delete h;
    }
  }
};

std::vector<mx::array> call_back(rlx_mlx_lower_fn lower, void* ud, const std::vector<mx::array>& inputs, size_t n_outputs) {
  Handles given;
  for (const auto& a : inputs) {
    given.list.push_back(handle(a));
  }
  Handles made;
  made.list.assign(n_outputs, nullptr);
  size_t count = 0;
  if (lower(ud, given.list.data(), given.list.size(), made.list.data(), n_outputs, &count) != 0) {
    const char* cause = rlx_mlx_last_error();
    throw std::runtime_error(*cause ? cause : "the function failed without a message");
  }
  if (count != n_outputs) {
    throw std::runtime_error("the function gave " + std::to_string(count) + " outputs instead of " +
                             std::to_string(n_outputs));
  }
  std::vector<mx::array> outputs;
  for (auto* h : made.list) {
    outputs.push_back(in(h, "an output of the function"));
  }
  return outputs;
}

}  // namespace

struct rlx_mlx_compiled_s : Counted {
  Tape tape;
  explicit rlx_mlx_compiled_s(Tape tape) : tape(std::move(tape)) {}
};

extern "C" {

int rlx_mlx_compile(rlx_mlx_lower_fn lower, void* ud, rlx_mlx_array_t* const* inputs, size_t n_inputs, size_t n_outputs,
                    rlx_mlx_compiled_t** out) {
  return produce(__func__, out, [&] {
    if (!lower) {
      throw Failure(RLX_MLX_ERR_NULL, "lower is NULL");
    }
    return new rlx_mlx_compiled_s(record([&](const auto& tracers) { return call_back(lower, ud, tracers, n_outputs); },
                                         arrays_of(inputs, n_inputs, "inputs")));
  });
}

int rlx_mlx_compiled_call(rlx_mlx_compiled_t* compiled, rlx_mlx_array_t* const* inputs, size_t n_inputs,
                          rlx_mlx_array_t** out_outputs, size_t n_outputs) {
  if (out_outputs) {
    std::fill(out_outputs, out_outputs + n_outputs, nullptr);
  }
  return guarded(__func__, [&] {
    if (!compiled || (n_outputs > 0 && !out_outputs)) {
      throw Failure(RLX_MLX_ERR_NULL, compiled ? "out_outputs is NULL" : "compiled is NULL");
    }
    const Tape& tape = compiled->tape;
    if (n_inputs != tape.inputs || n_outputs != tape.outputs.size()) {
      throw Failure(RLX_MLX_ERR_BAD_SHAPE, std::to_string(n_inputs) + " inputs and " + std::to_string(n_outputs) +
                                               " outputs for a trace of " + std::to_string(tape.inputs) + " and " +
                                               std::to_string(tape.outputs.size()));
    }
    const auto arrays = arrays_of(inputs, n_inputs, "inputs");
    for (size_t i = 0; i < n_inputs; ++i) {
      if (arrays[i].shape() != tape.input_shapes[i] || arrays[i].dtype() != tape.input_dtypes[i]) {
        throw Failure(RLX_MLX_ERR_BAD_SHAPE, "input " + std::to_string(i) + " has another shape or dtype than the trace");
      }
    }
    Handles made;
    for (auto& a : replay(tape, arrays)) {
      made.list.push_back(handle(std::move(a)));
    }
    std::copy(made.list.begin(), made.list.end(), out_outputs);
    made.list.clear();
  });
}

int rlx_mlx_compiled_size(rlx_mlx_compiled_t* compiled, size_t* out) {
  return guarded(__func__, [&] {
    if (!compiled || !out) {
      throw Failure(RLX_MLX_ERR_NULL, compiled ? "out is NULL" : "compiled is NULL");
    }
    *out = compiled->tape.steps.size();
  });
}

void rlx_mlx_compiled_free(rlx_mlx_compiled_t* compiled) {
  delete compiled;
}

}  // extern "C"
