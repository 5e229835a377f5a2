#include "schedule.h"

#include <algorithm>
#include <numeric>
#include <span>

#include "elements.h"
#include "host_code.h"
#include "mlx/device.h"
#include "tape.h"
#include "watch.h"

namespace rlx_mlx {

namespace {

// Whether arrays are those of a GPU, which computes on while it is not asked for results: what it can compute, the run does
// not ask for.
bool has_gpu() {
  static const bool has_gpu = mx::is_available(mx::Device::gpu);
  return has_gpu;
}

// Pieces of host code between evaluations for which a run hands over once more.
constexpr size_t WORTH = 4;

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

// Whether what each slot holds gets to MLX, perhaps moved. How its operands lie decides how MLX computes, so it moves those
// itself: the same bits come out in every mode.
std::vector<bool> read_by_mlx(const std::vector<Step>& steps, size_t slots) {
  std::vector<bool> read(slots);
  for (size_t i = steps.size(); i-- > 0;) {
    const auto& step = steps[i];
    if (!step.code && (!step.move || read[step.results.front()])) {
      mark(read, step.operands, true);
    }
  }
  return read;
}

// The number of each step's phase, as early as its operands allow: in even ones the run computes, in odd ones MLX.
std::vector<size_t> as_early_as_possible(const std::vector<Step>& steps, size_t leaves, size_t slots) {
  std::vector<size_t> phases, there(slots);
  const auto for_mlx = read_by_mlx(steps, slots);
  std::vector<bool> by_run(leaves, !has_gpu());
  by_run.resize(slots);
  for (const auto& step : steps) {
    size_t phase = 0;
    for (auto slot : step.operands) {
      phase = std::max(phase, there[slot]);
    }
    const bool moves =
        step.move && !for_mlx[step.results.front()] &&
        std::all_of(step.operands.begin(), step.operands.end(), [&](size_t slot) { return by_run[slot]; });
    const bool own = step.code || moves;
    phase += (phase % 2 == 0) != own;
    for (auto slot : step.results) {
      there[slot] = phase;
      by_run[slot] = own;
    }
    phases.push_back(phase);
  }
  return phases;
}

// One evaluation, before which the run calls host code that reads what is there, and after which that whose results nothing
// else reads.
std::vector<size_t> around_one_evaluation(const std::vector<Step>& steps, std::vector<size_t> phases, size_t slots) {
  std::vector<bool> needed(slots);
  for (size_t i = steps.size(); i-- > 0;) {
    const auto& results = steps[i].results;
    const bool is_last =
        steps[i].code && std::none_of(results.begin(), results.end(), [&](size_t slot) { return needed[slot]; });
    if (phases[i] > 0) {
      phases[i] = is_last ? 2 : 1;
    }
    if (phases[i] == 1) {
      mark(needed, steps[i].operands, true);
    }
  }
  return phases;
}

// Whether host code between evaluations is worth as many of them.
bool are_worth_it(const std::vector<Step>& steps, const std::vector<size_t>& phases) {
  const size_t last = phases.empty() ? 0 : *std::max_element(phases.begin(), phases.end());
  size_t between = 0;
  for (size_t i = 0; i < steps.size(); ++i) {
    between += steps[i].code && phases[i] > 0 && phases[i] < last;
  }
  const size_t evaluations = (last + 1) / 2;
  return evaluations <= 1 || (!has_gpu() && between >= WORTH * (evaluations - 1));
}

// The steps of one phase behind those of the one before, and where phases end.
std::vector<Phase> put_in_order(std::vector<Step>& steps, const std::vector<size_t>& numbers) {
  std::vector<size_t> order(steps.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return numbers[a] < numbers[b]; });
  std::vector<Step> ordered;
  std::vector<Phase> phases;
  ordered.reserve(steps.size());
  for (size_t i = 0; i < order.size(); ++i) {
    if (i == 0 || numbers[order[i]] != numbers[order[i - 1]]) {
      phases.push_back(Phase{.end = i, .by_run = numbers[order[i]] % 2 == 0, .ready = {}});
    }
    phases.back().end = i + 1;
    ordered.push_back(std::move(steps[order[i]]));
  }
  steps = std::move(ordered);
  return phases;
}

}  // namespace

void Tape::arrange() {
  auto ordered = std::move(steps);
  for (auto& step : ordered) {
    // Of a primitive that is watched, what was found before it was.
    if (auto move = movement_of(*step.primitive, step.shapes.front(), step.dtypes.front())) {
      step.move = std::move(move);
    }
  }
  auto numbers = as_early_as_possible(ordered, input_shapes.size() + constants.size(), slots);
  if (!are_worth_it(ordered, numbers)) {
    numbers = around_one_evaluation(ordered, std::move(numbers), slots);
  }
  schedule = {};
  schedule.phases = put_in_order(ordered, numbers);
  std::vector<size_t> same(slots);
  std::iota(same.begin(), same.end(), size_t{0});
  adopt(std::move(ordered), std::move(same));

  // The last step that reads each slot, or that gives it if none does; the number of steps if an output shows it.
  std::vector<size_t> last_use(slots);
  // What MLX reads, or a view, which refers to its operand's memory; and what host code of the run's own gives.
  std::vector<bool> is_referred_to(slots), given(slots);
  size_t start = 0;
  for (const auto& phase : schedule.phases) {
    for (size_t i = start; i < phase.end; ++i) {
      for (auto slot : uses(steps[i])) {
        last_use[slot] = i;
      }
      if (phase.by_run && steps[i].code) {
        mark(given, steps[i].results, true);
      } else {
        mark(is_referred_to, steps[i].operands, true);
      }
    }
    start = phase.end;
  }
  for (auto slot : outputs) {
    last_use[slot] = steps.size();
  }

  for (size_t i = 0; i < input_shapes.size(); ++i) {
    schedule.borrowable.push_back(!is_referred_to[i] && last_use[i] < steps.size());
  }
  std::vector<size_t> shown(slots);
  for (auto slot : outputs) {
    ++shown[slot];
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    const auto slot = outputs[i];
    if (given[slot] && !is_referred_to[slot] && shown[slot] == 1) {
      schedule.direct.emplace(slot, i);
    }
  }
  schedule.overwritten = overwritten(last_use, given, is_referred_to);
  schedule.dropped.assign(steps.size(), {});
  start = 0;
  for (auto& phase : schedule.phases) {
    for (size_t i = start; i < phase.end; ++i) {
      for (auto slot : uses(steps[i])) {
        if (last_use[slot] == i) {
          schedule.dropped[i].push_back(slot);
        }
      }
      for (auto slot : steps[i].results) {
        if (!phase.by_run && last_use[slot] >= phase.end) {
          phase.ready.push_back(slot);
        }
      }
    }
    start = phase.end;
  }
}

// What the run's own host code has given, and no view shows, is nobody else's once the step that reads it last has it.
std::vector<std::optional<size_t>> Tape::overwritten(const std::vector<size_t>& last_use,
                                                     const std::vector<bool>& given,
                                                     const std::vector<bool>& is_referred_to) const {
  struct Type {
    mx::Shape shape;
    mx::Dtype dtype = mx::float32;
  };
  std::unordered_map<size_t, Type> types;
  std::vector<std::optional<size_t>> found(steps.size());
  for (size_t i = 0; i < steps.size(); ++i) {
    const auto& step = steps[i];
    for (size_t r = 0; r < step.results.size(); ++r) {
      types[step.results[r]] = {step.shapes[r], step.dtypes[r]};
    }
    const auto* callback = step.code ? host_callback(*step.primitive) : nullptr;
    const auto operand = callback ? callback->overwritable() : std::nullopt;
    if (!operand || !given[step.results.front()] || schedule.direct.contains(step.results.front())) {
      continue;
    }
    const auto slot = step.operands[*operand];
    const bool is_free = given[slot] && !is_referred_to[slot] && last_use[slot] == i &&
                         std::count(step.operands.begin(), step.operands.end(), slot) == 1;
    if (is_free && types[slot].shape == step.shapes.front() && types[slot].dtype == step.dtypes.front()) {
      found[i] = operand;
    }
  }
  return found;
}

mx::array Tape::room(size_t slot, const mx::Shape& shape, mx::Dtype dtype, const std::vector<void*>& places) const {
  if (const auto shown = schedule.direct.find(slot); shown != schedule.direct.end()) {
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
  if (!step.code) {
    values.push_back(told(*step.primitive, operands, step.move));
  } else {
    std::vector<mx::array> results;
    results.reserve(step.results.size());
    const auto overwritten = schedule.overwritten[i];
    if (overwritten) {
      results.push_back(operands[*overwritten]);
    }
    for (size_t r = results.size(); r < step.results.size(); ++r) {
      results.push_back(room(step.results[r], step.shapes[r], step.dtypes[r], places));
    }
    step.code->call(std::move(operands), results);
    std::move(results.begin(), results.end(), std::back_inserter(values));
  }
  for (auto slot : schedule.dropped[i]) {
    values[slot] = nothing();
  }
}

void Tape::evaluate(size_t first, const Phase& phase, std::vector<mx::array>& values) const {
  const size_t before = values.size();
  instantiate(first, phase.end, values);
  // Before the evaluation all is let go that nobody else needs: what the graph alone refers to, MLX may write over.
  auto ready = at(values, phase.ready);
  std::fill(values.begin() + static_cast<std::ptrdiff_t>(before), values.end(), nothing());
  for (size_t i = first; i < phase.end; ++i) {
    for (auto slot : schedule.dropped[i]) {
      values[slot] = nothing();
    }
  }
  settle(ready);
  for (size_t i = 0; i < ready.size(); ++i) {
    values[phase.ready[i]] = std::move(ready[i]);
  }
}

std::vector<mx::array> Tape::run(std::vector<mx::array> inputs, const std::vector<void*>& places) const {
  auto values = leaves(std::move(inputs));
  size_t start = 0;
  for (const auto& phase : schedule.phases) {
    if (phase.by_run) {
      for (size_t i = start; i < phase.end; ++i) {
        call(i, places, values);
      }
    } else {
      evaluate(start, phase, values);
    }
    start = phase.end;
  }
  auto shown = at(values, outputs);
  values.clear();
  settle(shown);
  return shown;
}

}  // namespace rlx_mlx
