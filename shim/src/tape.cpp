#include "tape.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <typeinfo>
#include <unordered_map>
#include <unordered_set>

#include "host_code.h"
#include "mlx/compile.h"

namespace rlx_mlx {

namespace {

// With how many steps of the same operands a new one is compared.
constexpr size_t COMPARED = 64;

// Flattens the graph behind `outputs` in evaluation order. Iterative: graphs may be deeper than the stack.
class Flatten {
 public:
  Flatten(Tape& tape, const std::vector<mx::array>& inputs) : tape_(tape) {
    for (const auto& a : inputs) {
      slot_[a.id()] = tape_.slots++;
    }
  }

  void add_constants_of(const mx::array& root) {
    walk(root, constants_seen_, [&](const mx::array& a) {
      if (a.has_primitive() || slot_.contains(a.id())) {
        return;
      }
      const auto value = scalar(a);
      if (const auto known = value ? scalars_.find(*value) : scalars_.end(); known != scalars_.end()) {
        slot_[a.id()] = known->second;
        return;
      }
      if (value) {
        scalars_[*value] = tape_.slots;
      }
      slot_[a.id()] = tape_.slots++;
      tape_.constants.push_back(a);
    });
  }

  void add_steps_of(const mx::array& root) {
    walk(root, steps_seen_, [&](const mx::array& a) {
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
    step.code = host_code_of(*step.primitive);
    for (const auto& operand : a.inputs()) {
      step.operands.push_back(slot_.at(operand.id()));
    }
    if (const auto* equal = equal_step(a, step.operands)) {
      const auto outputs = a.outputs();
      for (size_t i = 0; i < outputs.size(); ++i) {
        slot_[outputs[i].id()] = equal->results[i];
      }
      return;
    }
    by_operands_[step.operands].push_back(tape_.steps.size());
    for (const auto& result : a.outputs()) {
      slot_[result.id()] = tape_.slots;
      step.results.push_back(tape_.slots++);
      step.shapes.push_back(result.shape());
      step.dtypes.push_back(result.dtype());
    }
    tape_.steps.push_back(std::move(step));
  }

  // Dtype and bits, which make two scalars one.
  using Scalar = std::pair<mx::Dtype::Val, uint64_t>;

  static std::optional<Scalar> scalar(const mx::array& a) {
    uint64_t bits = 0;
    if (a.ndim() > 0 || !a.is_available() || a.nbytes() > sizeof(bits)) {
      return std::nullopt;
    }
    std::memcpy(&bits, a.data<char>(), a.nbytes());
    return Scalar{a.dtype().val(), bits};
  }

  // A step that computes the same as `a`, if there is one already.
  const Step* equal_step(const mx::array& a, const std::vector<size_t>& operands) const {
    const auto same = [&](const Step& step) {
      const auto outputs = a.outputs();
      if (step.results.size() != outputs.size() || step.primitive->stream() != a.primitive().stream() ||
          typeid(*step.primitive) != typeid(a.primitive()) || !step.primitive->is_equivalent(a.primitive())) {
        return false;
      }
      for (size_t i = 0; i < outputs.size(); ++i) {
        if (step.shapes[i] != outputs[i].shape() || step.dtypes[i] != outputs[i].dtype()) {
          return false;
        }
      }
      return true;
    };
    const auto known = by_operands_.find(operands);
    if (known == by_operands_.end()) {
      return nullptr;
    }
    // The newest few alone: a value may have any number of readers, and each would be compared with all others.
    const auto& steps = known->second;
    const auto end = steps.rbegin() + static_cast<std::ptrdiff_t>(std::min(steps.size(), COMPARED));
    const auto found = std::find_if(steps.rbegin(), end, [&](size_t step) { return same(tape_.steps[step]); });
    return found == end ? nullptr : &tape_.steps[*found];
  }

  using Seen = std::unordered_set<std::uintptr_t>;

  // Calls `visit` for every array behind `root` that was not seen yet, operands first.
  template <typename F>
  static void walk(const mx::array& root, Seen& seen, F&& visit) {
    if (!seen.insert(root.id()).second) {
      return;
    }
    std::vector<std::pair<mx::array, size_t>> stack{{root, 0}};
    while (!stack.empty()) {
      auto& [a, next] = stack.back();
      if (next < a.inputs().size()) {
        const mx::array operand = a.inputs()[next++];
        if (seen.insert(operand.id()).second) {
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
  std::map<Scalar, size_t> scalars_;
  // Steps by their operands, in their order.
  std::map<std::vector<size_t>, std::vector<size_t>> by_operands_;
  Seen constants_seen_;
  Seen steps_seen_;
};

}  // namespace

std::vector<mx::array> at(const std::vector<mx::array>& values, const std::vector<size_t>& slots) {
  std::vector<mx::array> found;
  found.reserve(slots.size());
  for (auto slot : slots) {
    found.push_back(values[slot]);
  }
  return found;
}

std::vector<mx::array> Tape::leaves(std::vector<mx::array> inputs) const {
  inputs.reserve(slots);
  inputs.insert(inputs.end(), constants.begin(), constants.end());
  return inputs;
}

void Tape::adopt(std::vector<Step> others, std::vector<size_t> slots_now) {
  size_t next = input_shapes.size() + constants.size();
  const auto renumber = [&](std::vector<size_t>& list) {
    for (auto& slot : list) {
      slot = slots_now[slot];
    }
  };
  for (auto& step : others) {
    for (auto slot : step.results) {
      slots_now[slot] = next++;
    }
    renumber(step.operands);
    renumber(step.results);
  }
  renumber(outputs);
  steps = std::move(others);
  slots = next;
}

bool Tape::fits(const std::vector<mx::array>& inputs) const {
  if (inputs.size() != input_shapes.size()) {
    return false;
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    const bool same_shape =
        shapeless ? inputs[i].ndim() == input_shapes[i].size() : inputs[i].shape() == input_shapes[i];
    if (!same_shape || inputs[i].dtype() != input_dtypes[i]) {
      return false;
    }
  }
  return true;
}

void Tape::instantiate(size_t first, size_t last, std::vector<mx::array>& values) const {
  for (const auto& step : std::span(steps).subspan(first, last - first)) {
    auto operands = at(values, step.operands);
    if (step.results.size() == 1 && !shapeless) {
      values.emplace_back(step.shapes[0], step.dtypes[0], step.primitive, std::move(operands));
    } else {
      auto shapes = shapeless ? step.primitive->output_shapes(operands) : step.shapes;
      for (auto& made : mx::array::make_arrays(std::move(shapes), step.dtypes, step.primitive, operands)) {
        values.push_back(std::move(made));
      }
    }
  }
}

std::vector<mx::array> Tape::replay(std::vector<mx::array> inputs) const {
  auto values = leaves(std::move(inputs));
  instantiate(0, steps.size(), values);
  return at(values, outputs);
}

namespace {

using Function = std::function<std::vector<mx::array>(const std::vector<mx::array>&)>;

// What MLX's compile makes of `fn`: on GPU kernels are fused, and a shapeless function is checked for ops that are not.
// On CPU fusion would run the system's C++ compiler at the first evaluation and load what it wrote into a shared folder;
// and asking MLX to compile at all has it start a shell that looks for a compiler.
std::vector<mx::array> compiled(const Function& fn, const std::vector<mx::array>& placeholders, bool fuse,
                                bool shapeless) {
  // The mode is global to MLX, so it is set under a lock around the only place that reads it. Recursive, since a traced
  // function may call another that is not traced yet.
  static std::recursive_mutex mode;
  std::lock_guard lock(mode);
  mx::set_compile_mode(fuse ? mx::CompileMode::enabled : mx::CompileMode::no_fuse);
  return mx::compile(fn, shapeless)(placeholders);
}

}  // namespace

Tape record(const std::function<std::vector<mx::array>(const std::vector<mx::array>&)>& fn,
            const std::vector<mx::array>& inputs, bool shapeless) {
  Tape tape;
  tape.shapeless = shapeless;
  std::vector<mx::array> placeholders;
  for (const auto& a : inputs) {
    placeholders.emplace_back(a.shape(), a.dtype(), nullptr, std::vector<mx::array>{});
    tape.input_shapes.push_back(a.shape());
    tape.input_dtypes.push_back(a.dtype());
  }
  const bool on_gpu = mx::to_stream(here()).device == mx::Device::gpu;
  const auto outputs = on_gpu || shapeless ? compiled(fn, placeholders, on_gpu, shapeless) : fn(placeholders);
  Flatten flatten(tape, placeholders);
  for (const auto& a : outputs) {
    flatten.add_constants_of(a);
  }
  for (const auto& a : outputs) {
    flatten.add_steps_of(a);
  }
  for (const auto& a : outputs) {
    tape.outputs.push_back(flatten.slot(a));
    tape.output_bytes.push_back(a.nbytes());
  }
  // A constant that is still on its way, on another thread's stream perhaps, is settled here, once.
  settle(tape.constants);
  tape.arrange();
  return tape;
}

std::vector<mx::array> lower_with(rlx_mlx_lower_fn lower, void* ud, const std::vector<mx::array>& inputs, size_t cap) {
  Handles given(inputs);
  Handles made;
  made.list.assign(cap, nullptr);
  size_t count = 0;
  // An error text of before must not pass for the function's.
  clear_error();
  if (lower(ud, given.list.data(), given.list.size(), made.list.data(), cap, &count) != 0) {
    const char* cause = rlx_mlx_last_error();
    throw std::runtime_error(*cause ? cause : "the function failed without a message");
  }
  if (count > cap) {
    throw std::runtime_error("the function gave " + std::to_string(count) + " outputs, the cap is " +
                             std::to_string(cap));
  }
  std::vector<mx::array> outputs;
  for (size_t i = 0; i < count; ++i) {
    if (!made.list[i]) {
      throw std::runtime_error("output " + std::to_string(i) + " of the function is NULL");
    }
    outputs.push_back(made.list[i]->value);
  }
  return outputs;
}

}  // namespace rlx_mlx
