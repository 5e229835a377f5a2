// What a trace knows about its steps without running them: those that depend on no input, and how large results are.
#include <algorithm>
#include <numeric>
#include <string_view>

#include "tape.h"

namespace rlx_mlx {

namespace {

// Ends of the names of primitives whose evaluation does more than give a result; MLX has a "Sum AllReduce" among others.
constexpr std::string_view EFFECTS[] = {"AllGather", "AllReduce",     "CustomKernel", "HostCallback",
                                        "Recv",      "ReduceScatter", "Send"};

// Names of primitives that show their operand in another way, and take no memory however large the result looks.
constexpr std::string_view VIEWS[] = {"AsStrided", "Broadcast",    "BroadcastAxes", "ExpandDims", "Slice",
                                      "Split",     "StopGradient", "Squeeze",       "Transpose"};

// Results up to this size are always worth keeping.
constexpr size_t SMALL = size_t{1} << 20;

bool has_effects(const Step& step) {
  const std::string_view name = step.primitive->name();
  return std::any_of(std::begin(EFFECTS), std::end(EFFECTS), [&](auto end) { return name.ends_with(end); });
}

bool is_view(const Step& step) {
  return std::find(std::begin(VIEWS), std::end(VIEWS), step.primitive->name()) != std::end(VIEWS);
}

size_t nbytes_of(const mx::Shape& shape, mx::Dtype dtype) {
  return std::accumulate(shape.begin(), shape.end(), size_t{mx::size_of(dtype)},
                         [](size_t product, auto extent) { return product * static_cast<size_t>(extent); });
}

using Known = std::vector<std::optional<mx::array>>;

bool is_foldable(const Step& step, const Known& known) {
  const auto is_known = [&](size_t slot) { return known[slot].has_value(); };
  if (has_effects(step) || !std::all_of(step.operands.begin(), step.operands.end(), is_known)) {
    return false;
  }
  size_t operands = 0;
  for (auto slot : step.operands) {
    operands += known[slot]->nbytes();
  }
  return step.nbytes() <= std::max(SMALL, 4 * operands);
}

void make_known(const Step& step, Known& known) {
  std::vector<mx::array> operands;
  for (auto slot : step.operands) {
    operands.push_back(*known[slot]);
  }
  const auto made = mx::array::make_arrays(step.shapes, step.dtypes, step.primitive, operands);
  for (size_t i = 0; i < made.size(); ++i) {
    known[step.results[i]] = made[i];
  }
}

}  // namespace

size_t Step::nbytes() const {
  size_t sum = 0;
  for (size_t i = 0; i < shapes.size(); ++i) {
    sum += nbytes_of(shapes[i], dtypes[i]);
  }
  return sum;
}

size_t Tape::largest() const {
  size_t most = 0;
  for (const auto& step : steps) {
    most = std::max(most, is_view(step) ? 0 : step.nbytes());
  }
  return most;
}

void Tape::fold() {
  const size_t n_inputs = input_shapes.size();
  Known known(slots);
  for (size_t i = 0; i < constants.size(); ++i) {
    known[n_inputs + i] = constants[i];
  }
  std::vector<Step> left;
  for (auto& step : steps) {
    if (is_foldable(step, known)) {
      make_known(step, known);
    } else {
      left.push_back(step);
    }
  }
  if (left.size() == steps.size()) {
    return;
  }

  // Slots anew: inputs, the constants that are still read, results.
  std::vector<bool> is_read(slots);
  for (const auto& step : left) {
    for (auto slot : step.operands) {
      is_read[slot] = true;
    }
  }
  for (auto slot : outputs) {
    is_read[slot] = true;
  }
  std::vector<size_t> renumbered(slots);
  std::iota(renumbered.begin(), renumbered.end(), size_t{0});
  std::vector<mx::array> kept;
  for (size_t slot = n_inputs; slot < slots; ++slot) {
    if (known[slot] && is_read[slot]) {
      renumbered[slot] = n_inputs + kept.size();
      kept.push_back(*known[slot]);
    }
  }
  settle(kept);
  constants = std::move(kept);
  adopt(std::move(left), std::move(renumbered));
  arrange();
}

}  // namespace rlx_mlx
