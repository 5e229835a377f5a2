// A tape in two: what gives some of its outputs, and the rest, which takes those as inputs.
#include <algorithm>
#include <numeric>

#include "tape.h"

namespace rlx_mlx {

std::vector<bool> Tape::needed(const std::vector<size_t>& wanted) const {
  std::vector<bool> needed(slots);
  for (auto slot : wanted) {
    needed[slot] = true;
  }
  for (size_t i = steps.size(); i-- > 0;) {
    const auto& results = steps[i].results;
    if (std::any_of(results.begin(), results.end(), [&](size_t slot) { return needed[slot]; })) {
      for (auto slot : steps[i].operands) {
        needed[slot] = true;
      }
    }
  }
  return needed;
}

namespace {

// The steps that the outputs of a tape need, while `given` are there without them. Marks the slots that are `needed`.
std::vector<Step> steps_for(const Tape& tape, const std::vector<bool>& given, std::vector<bool>& needed) {
  needed.assign(tape.slots, false);
  for (auto slot : tape.outputs) {
    needed[slot] = true;
  }
  std::vector<Step> found;
  for (size_t i = tape.steps.size(); i-- > 0;) {
    const auto& step = tape.steps[i];
    const auto wants = [&](size_t slot) { return needed[slot] && !given[slot]; };
    if (std::any_of(step.results.begin(), step.results.end(), wants)) {
      for (auto slot : step.operands) {
        needed[slot] = true;
      }
      found.push_back(step);
    }
  }
  std::reverse(found.begin(), found.end());
  return found;
}

}  // namespace

std::pair<Tape, std::vector<bool>> Tape::split(size_t wanted) {
  const auto at = static_cast<std::ptrdiff_t>(wanted);
  Tape off = *this;
  off.outputs.erase(off.outputs.begin(), off.outputs.begin() + at);
  off.output_bytes.erase(off.output_bytes.begin(), off.output_bytes.begin() + at);
  std::vector<size_t> slots_now(slots);
  std::iota(slots_now.begin(), slots_now.end(), size_t{0});
  std::vector<bool> needed;
  off.adopt(steps_for(off, std::vector<bool>(slots), needed), slots_now);
  off.arrange();

  // The shapes of what is split off, by slot.
  std::vector<std::pair<mx::Shape, mx::Dtype>> kinds;
  for (size_t i = 0; i < input_shapes.size(); ++i) {
    kinds.emplace_back(input_shapes[i], input_dtypes[i]);
  }
  for (const auto& constant : constants) {
    kinds.emplace_back(constant.shape(), constant.dtype());
  }
  for (const auto& step : steps) {
    for (size_t i = 0; i < step.results.size(); ++i) {
      kinds.emplace_back(step.shapes[i], step.dtypes[i]);
    }
  }
  const size_t n_inputs = input_shapes.size();
  const std::vector<size_t> moved(outputs.begin() + at, outputs.end());
  outputs.resize(wanted);
  output_bytes.resize(wanted);
  std::vector<bool> given(slots);
  for (size_t i = 0; i < constants.size(); ++i) {
    slots_now[n_inputs + i] += moved.size();
  }
  for (size_t i = 0; i < moved.size(); ++i) {
    given[moved[i]] = true;
    slots_now[moved[i]] = n_inputs + i;
  }
  auto left = steps_for(*this, given, needed);
  std::vector<bool> read;
  for (const auto slot : moved) {
    read.push_back(needed[slot]);
    input_shapes.push_back(kinds[slot].first);
    input_dtypes.push_back(kinds[slot].second);
  }
  // A step that is left, because it gives something else as well, must not take such a slot back.
  for (auto& step : left) {
    for (auto& slot : step.results) {
      if (given[slot]) {
        slots_now.push_back(0);
        slot = slots_now.size() - 1;
      }
    }
  }
  adopt(std::move(left), std::move(slots_now));
  arrange();
  return {std::move(off), std::move(read)};
}

}  // namespace rlx_mlx
