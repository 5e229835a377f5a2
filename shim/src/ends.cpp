// Host code at the ends of a tape: which it is, and runs that call it.
#include <algorithm>
#include <numeric>
#include <span>

#include "elements.h"
#include "host_code.h"
#include "tape.h"

namespace rlx_mlx {

namespace {

// Stands in for a value that is not needed any more.
const mx::array& nothing() {
  static const auto* array = new mx::array(0.0F);
  return *array;
}

// The slots that a step reads and gives.
std::vector<size_t> uses(const Step& step) {
  auto slots = step.operands;
  slots.insert(slots.end(), step.results.begin(), step.results.end());
  return slots;
}

void mark(std::vector<bool>& slots, const std::vector<size_t>& which, bool value) {
  for (auto slot : which) {
    slots[slot] = value;
  }
}

// Moves the steps `which` behind the others, or before them. Either keeps its order.
void partition(std::vector<Step>& steps, const std::vector<bool>& which, bool behind) {
  std::vector<Step> ordered;
  ordered.reserve(steps.size());
  for (const bool moved : {!behind, behind}) {
    for (size_t i = 0; i < steps.size(); ++i) {
      if (which[i] == moved) {
        ordered.push_back(std::move(steps[i]));
      }
    }
  }
  steps = std::move(ordered);
}

// Puts host code that reads what is there before the evaluation first; gives how many steps that are.
size_t put_first(std::vector<Step>& steps, size_t leaves, size_t slots) {
  std::vector<bool> there(slots), chosen(steps.size());
  std::fill_n(there.begin(), leaves, true);
  for (size_t i = 0; i < steps.size(); ++i) {
    const auto& operands = steps[i].operands;
    chosen[i] =
        steps[i].code && std::all_of(operands.begin(), operands.end(), [&](size_t slot) { return there[slot]; });
    mark(there, steps[i].results, chosen[i]);
  }
  partition(steps, chosen, false);
  return static_cast<size_t>(std::count(chosen.begin(), chosen.end(), true));
}

// Puts host code behind `first` whose results nothing else reads last; gives how many steps are before it.
size_t put_last(std::vector<Step>& steps, size_t first, size_t slots) {
  std::vector<bool> needed(slots), chosen(steps.size());
  for (size_t i = steps.size(); i-- > first;) {
    const auto& results = steps[i].results;
    chosen[i] =
        steps[i].code && std::none_of(results.begin(), results.end(), [&](size_t slot) { return needed[slot]; });
    if (!chosen[i]) {
      mark(needed, steps[i].operands, true);
    }
  }
  partition(steps, chosen, true);
  return steps.size() - static_cast<size_t>(std::count(chosen.begin(), chosen.end(), true));
}

}  // namespace

void Tape::arrange() {
  const size_t leaves = input_shapes.size() + constants.size();
  auto ordered = std::move(steps);
  ends.first = put_first(ordered, leaves, slots);
  ends.last = put_last(ordered, ends.first, slots);
  std::vector<size_t> same(slots);
  std::iota(same.begin(), same.end(), size_t{0});
  adopt(std::move(ordered), std::move(same));

  // The last step that reads each slot, or that gives it if none does; the number of steps if an output shows it.
  std::vector<size_t> last_use(slots);
  std::vector<bool> in_graph(slots), behind(slots), given(slots);
  for (size_t i = 0; i < steps.size(); ++i) {
    for (auto slot : uses(steps[i])) {
      last_use[slot] = i;
    }
    if (i >= ends.first && i < ends.last) {
      mark(in_graph, steps[i].operands, true);
    } else {
      mark(given, steps[i].results, true);
    }
    if (i >= ends.last) {
      mark(behind, steps[i].operands, true);
    }
  }
  for (auto slot : outputs) {
    last_use[slot] = steps.size();
    behind[slot] = true;
  }

  ends.borrowable.clear();
  for (size_t i = 0; i < input_shapes.size(); ++i) {
    ends.borrowable.push_back(!in_graph[i] && last_use[i] < steps.size());
  }
  std::vector<size_t> shown(slots);
  for (auto slot : outputs) {
    ++shown[slot];
  }
  ends.direct.clear();
  for (size_t i = 0; i < outputs.size(); ++i) {
    const auto slot = outputs[i];
    if (given[slot] && !in_graph[slot] && shown[slot] == 1) {
      ends.direct.emplace(slot, i);
    }
  }
  ends.ready.clear();
  const size_t evaluated = ends.last < steps.size() ? steps[ends.last].results.front() : slots;
  for (size_t slot = 0; slot < evaluated; ++slot) {
    if (behind[slot]) {
      ends.ready.push_back(slot);
    }
  }
  ends.dropped.assign(steps.size(), {});
  for (size_t i = 0; i < steps.size(); ++i) {
    for (auto slot : uses(steps[i])) {
      if (last_use[slot] == i) {
        ends.dropped[i].push_back(slot);
      }
    }
  }
}

mx::array Tape::room(size_t slot, const mx::Shape& shape, mx::Dtype dtype, const std::vector<void*>& places) const {
  if (const auto shown = ends.direct.find(slot); shown != ends.direct.end()) {
    const auto i = shown->second;
    if (places[i] && can_borrow(dtype, places[i], output_bytes[i])) {
      return borrowed(shape, dtype, places[i], [](mx::allocator::Buffer) {});
    }
  }
  return uninitialised(shape, dtype);
}

void Tape::call(size_t i, const std::vector<void*>& places, std::vector<mx::array>& values) const {
  const auto& step = steps[i];
  auto operands = at(values, step.operands);
  for (auto& a : operands) {
    settle(a);
  }
  std::vector<mx::array> results;
  results.reserve(step.results.size());
  for (size_t r = 0; r < step.results.size(); ++r) {
    results.push_back(room(step.results[r], step.shapes[r], step.dtypes[r], places));
  }
  step.code->call(std::move(operands), results);
  std::move(results.begin(), results.end(), std::back_inserter(values));
  for (auto slot : ends.dropped[i]) {
    values[slot] = nothing();
  }
}

std::vector<mx::array> Tape::run(std::vector<mx::array> inputs, const std::vector<void*>& places) const {
  auto values = leaves(std::move(inputs));
  for (size_t i = 0; i < ends.first; ++i) {
    call(i, places, values);
  }
  instantiate(ends.first, ends.last, values);
  // Before the evaluation all is let go that nobody else needs: what the graph alone refers to, MLX may write over.
  if (ends.last == steps.size()) {
    auto made = at(values, outputs);
    values.clear();
    settle(made);
    return made;
  }
  auto ready = at(values, ends.ready);
  values.assign(values.size(), nothing());
  settle(ready);
  for (size_t i = 0; i < ready.size(); ++i) {
    values[ends.ready[i]] = std::move(ready[i]);
  }
  for (size_t i = ends.last; i < steps.size(); ++i) {
    call(i, places, values);
  }
  return at(values, outputs);
}

}  // namespace rlx_mlx
