// A traced graph as a flat list of primitives that any thread can instantiate on new inputs.
//
// mlx::core::compile keeps its traces per thread and per function id, and would trace again on every thread that calls;
// its ids are addresses, so another thread may even meet the stale trace of a function that is gone. Here the function
// runs once, on placeholders (on GPU through MLX's compile, which fuses kernels), and the graph that it builds is
// flattened; steps that compute the same become one.
#pragma once

#include <functional>

#include "internal.h"
#include "mlx/primitives.h"
#include "movement.h"
#include "schedule.h"

namespace rlx_mlx {

class HostCode;

// One primitive of the trace: its operands and results are slots.
struct Step {
  std::shared_ptr<mx::Primitive> primitive;
  // The host code that the primitive stands for, if it does.
  const HostCode* code = nullptr;
  // How the run moves the elements itself, if the primitive is one that does.
  Movement move;
  std::vector<size_t> operands;
  std::vector<size_t> results;
  std::vector<mx::Shape> shapes;
  std::vector<mx::Dtype> dtypes;

  // Bytes of its results.
  size_t nbytes() const;
};

// Immutable once recorded and folded: threads may replay one at once, since a replay only adds references to what it
// holds, and its constants are settled arrays, on which MLX has nothing left to note.
struct Tape {
  bool shapeless = false;
  std::vector<mx::Shape> input_shapes;
  std::vector<mx::Dtype> input_dtypes;
  // Those of the tape that this one gives the first rows of; empty for any other.
  std::vector<mx::Shape> whole_shapes;
  // Arrays that every replay shares; they take the slots behind the inputs.
  std::vector<mx::array> constants;
  std::vector<Step> steps;
  std::vector<size_t> outputs;
  // Bytes of each output, unless shapeless.
  std::vector<size_t> output_bytes;
  size_t slots = 0;
  Schedule schedule;

  // Whether it was traced for the dtypes and shapes (ranks, if shapeless) of `inputs`.
  bool fits(const std::vector<mx::array>& inputs) const;
  // Lazy outputs for inputs that fit.
  std::vector<mx::array> replay(std::vector<mx::array> inputs) const;
  // Evaluated outputs for inputs that fit, phase by phase. Not for shapeless tapes. `places` has
  // for each output NULL or host memory for its elements; an output that could be computed there is an array over it.
  std::vector<mx::array> run(std::vector<mx::array> inputs, const std::vector<void*>& places) const;
  // Turns the results of steps that depend on no input into constants.
  void fold();
  // Takes the outputs behind the first `wanted` out, which become inputs behind the others. Gives the tape of them, and for
  // each whether what is left reads its value. Not for shapeless tapes.
  std::pair<Tape, std::vector<bool>> split(size_t wanted);
  // For each slot whether those of `wanted` are computed from it, or it is among them.
  std::vector<bool> needed(const std::vector<size_t>& wanted) const;
  // Bytes of the largest result that is not a view.
  size_t largest() const;

  // Inputs and constants, the first slots.
  std::vector<mx::array> leaves(std::vector<mx::array> inputs) const;
  // Appends to `values`, which holds the slots before, the lazy results of the steps from `first` up to `last`.
  void instantiate(size_t first, size_t last, std::vector<mx::array>& values) const;
  // Appends to `values` the results of a step of the run's own, and drops what is not needed any more.
  void call(size_t step, const std::vector<void*>& places, std::vector<mx::array>& values) const;
  // The same for the steps from `first` on that are one evaluation.
  void evaluate(size_t first, const Phase& phase, std::vector<mx::array>& values) const;
  // For each step the operand whose memory its first result may take.
  std::vector<std::optional<size_t>> overwritten(const std::vector<size_t>& last_use, const std::vector<bool>& given,
                                                 const std::vector<bool>& is_referred_to) const;
  // An array for the elements of a result of host code.
  mx::array room(size_t slot, const mx::Shape& shape, mx::Dtype dtype, const std::vector<void*>& places) const;
  // Puts the steps in the order of phases, and finds out what those are. Done whenever the steps have changed.
  void arrange();
  // Takes over steps, whose slots are still the old ones. `slots_now` tells where inputs and constants are now, and learns
  // it of the rest.
  void adopt(std::vector<Step> others, std::vector<size_t> slots_now);
};

// A tape for the first `actual` of each `upper` rows of the values along their first axis, and what it takes and gives.
struct FirstRows {
  Tape tape;
  // Inputs of which it takes the first rows.
  std::vector<bool> inputs;
  // Outputs of the whole tape that it gives.
  std::vector<bool> outputs;
};

// The first rows of the first `wanted` outputs as far as their first axis has the extent `upper`, and of those of the others
// that they depend on. Nothing if it takes more than the first rows of other values to compute them, or no input has such an
// axis. Not for shapeless tapes.
std::optional<FirstRows> first_rows(const Tape& tape, size_t wanted, int actual, int upper);

// The values of these slots.
std::vector<mx::array> at(const std::vector<mx::array>& values, const std::vector<size_t>& slots);

// Traces `fn` over placeholders for `inputs`.
Tape record(const std::function<std::vector<mx::array>(const std::vector<mx::array>&)>& fn,
            const std::vector<mx::array>& inputs, bool shapeless);

// Runs a C function on borrowed handles of `inputs`, with room for `cap` outputs.
std::vector<mx::array> lower_with(rlx_mlx_lower_fn lower, void* ud, const std::vector<mx::array>& inputs, size_t cap);

// Owns handles until they are given away.
struct Handles {
  std::vector<rlx_mlx_array_t*> list;
  Handles() = default;
  explicit Handles(const std::vector<mx::array>& arrays) {
    list.reserve(arrays.size());
    for (const auto& a : arrays) {
      list.push_back(handle(a));
    }
  }
  Handles(const Handles&) = delete;
  Handles& operator=(const Handles&) = delete;
  ~Handles() {
    for (auto* h : list) {
      delete h;
    }
  }
  // Writes them to `to`, which has room, and no longer owns them.
  void give(rlx_mlx_array_t** to) {
    for (auto* h : list) {
      *to++ = h;
    }
    list.clear();
  }
};

}  // namespace rlx_mlx

struct rlx_mlx_trace_s : rlx_mlx::Counted {
  rlx_mlx::Tape tape;
  explicit rlx_mlx_trace_s(rlx_mlx::Tape tape) : tape(std::move(tape)) {}
};
