// Host code at the ends of a tape: which it is, and runs that call it.
#include <algorithm>
#include <numeric>
#include <span>

#include "elements.h"
#include "host_code.h"
#include "tape.h"

namespace rlx_mlx {

namespace {

// The results of a step that is host code, there and then.
std::vector<mx::array> call(const Step& step, std::vector<mx::array> operands) {
  for (auto& a : operands) {
    settle(a);
  }
  std::vector<mx::array> results;
  results.reserve(step.results.size());
  for (size_t i = 0; i < step.results.size(); ++i) {
    results.push_back(uninitialised(step.shapes[i], step.dtypes[i]));
  }
  host_code_of(*step.primitive)->call(std::move(operands), results);
  return results;
}

// Which steps are host code at an end, in order.
struct Sides {
  std::vector<bool> first, last;

  explicit Sides(const Tape& tape) : first(tape.steps.size()), last(tape.steps.size()) {
    const size_t leaves = tape.input_shapes.size() + tape.constants.size();
    std::vector<bool> there(tape.slots);
    std::fill_n(there.begin(), leaves, true);
    for (size_t i = 0; i < tape.steps.size(); ++i) {
      const auto& step = tape.steps[i];
      const auto is_there = [&](size_t slot) { return there[slot]; };
      first[i] = host_code_of(*step.primitive) && std::all_of(step.operands.begin(), step.operands.end(), is_there);
      mark(there, step.results, first[i]);
    }
    std::vector<bool> needed(tape.slots);
    for (size_t i = tape.steps.size(); i-- > 0;) {
      const auto& step = tape.steps[i];
      const auto is_needed = [&](size_t slot) { return needed[slot]; };
      last[i] = !first[i] && host_code_of(*step.primitive) &&
                std::none_of(step.results.begin(), step.results.end(), is_needed);
      if (!first[i] && !last[i]) {
        mark(needed, step.operands, true);
      }
    }
  }

  static void mark(std::vector<bool>& slots, const std::vector<size_t>& which, bool value) {
    for (auto slot : which) {
      slots[slot] = value;
    }
  }
};

}  // namespace

void Tape::arrange() {
  const Sides sides(*this);
  ends = Ends();
  std::vector<Step> first, between, last;
  for (size_t i = 0; i < steps.size(); ++i) {
    (sides.first[i] ? first : sides.last[i] ? last : between).push_back(std::move(steps[i]));
  }
  ends.first = first.size();
  ends.last = first.size() + between.size();
  std::vector<Step> ordered = std::move(first);
  std::move(between.begin(), between.end(), std::back_inserter(ordered));
  std::move(last.begin(), last.end(), std::back_inserter(ordered));
  std::vector<size_t> same(slots);
  std::iota(same.begin(), same.end(), size_t{0});
  adopt(std::move(ordered), std::move(same));

  ends.borrowed.assign(input_shapes.size(), true);
  const auto keep = [&](const std::vector<size_t>& list) {
    for (auto slot : list) {
      if (slot < ends.borrowed.size()) {
        ends.borrowed[slot] = false;
      }
    }
  };
  keep(outputs);
  for (const auto& step : std::span(steps).subspan(ends.first, ends.last - ends.first)) {
    keep(step.operands);
  }

  // Slots of the last steps are the last slots.
  const auto made_last = [&](size_t i) { return steps[i].results.size(); };
  size_t end = slots;
  for (size_t i = ends.last; i < steps.size(); ++i) {
    end -= made_last(i);
  }
  constexpr size_t NONE = SIZE_MAX;
  std::vector<size_t> position(end, NONE);
  const auto require = [&](const std::vector<size_t>& list) {
    for (auto slot : list) {
      if (slot < end && position[slot] == NONE) {
        position[slot] = ends.ready.size();
        ends.ready.push_back(slot);
      }
    }
  };
  require(outputs);
  for (const auto& step : std::span(steps).subspan(ends.last)) {
    require(step.operands);
  }
  const auto positions = [&](std::vector<size_t> list) {
    for (auto& slot : list) {
      slot = slot < end ? position[slot] : ends.ready.size() + (slot - end);
    }
    return list;
  };
  for (const auto& step : std::span(steps).subspan(ends.last)) {
    ends.operands.push_back(positions(step.operands));
  }
  ends.outputs = positions(outputs);
}

std::vector<mx::array> Tape::run(std::vector<mx::array> inputs) const {
  auto values = leaves(std::move(inputs));
  for (const auto& step : std::span(steps).first(ends.first)) {
    auto made = call(step, at(values, step.operands));
    std::move(made.begin(), made.end(), std::back_inserter(values));
  }
  instantiate(ends.first, ends.last, values);
  auto ready = at(values, ends.ready);
  // What the graph alone refers to, MLX may write over.
  values.clear();
  settle(ready);
  for (size_t i = ends.last; i < steps.size(); ++i) {
    auto made = call(steps[i], at(ready, ends.operands[i - ends.last]));
    std::move(made.begin(), made.end(), std::back_inserter(ready));
  }
  return at(ready, ends.outputs);
}

}  // namespace rlx_mlx
