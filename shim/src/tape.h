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

namespace rlx_mlx {

// One primitive of the trace: its operands and results are slots.
struct Step {
  std::shared_ptr<mx::Primitive> primitive;
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
  // Arrays that every replay shares; they take the slots behind the inputs.
  std::vector<mx::array> constants;
  std::vector<Step> steps;
  std::vector<size_t> outputs;
  size_t slots = 0;

  // Whether it was traced for the dtypes and shapes (ranks, if shapeless) of `inputs`.
  bool fits(const std::vector<mx::array>& inputs) const;
  // Lazy outputs for inputs that fit.
  std::vector<mx::array> replay(std::vector<mx::array> inputs) const;
  // Turns the results of steps that depend on no input into constants.
  void fold();
  // Bytes of the largest result that is not a view.
  size_t largest() const;
};

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
