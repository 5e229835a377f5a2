// The first rows of a trace's outputs, where they depend on the first rows of its inputs alone: a tape of the same steps on
// smaller arrays.
//
// Rows are those of the first axis. A value whose first axis is k times as long as the rows are many, such as what flattening
// batch and sequence gives, has k of its own for each row: always a beginning of its elements in row-major order.
#include <algorithm>
#include <numeric>
#include <string_view>

#include "host_code.h"
#include "mlx/ops.h"
#include "tape.h"

namespace rlx_mlx {

namespace {

// Names of primitives that compute each element from those at its place in operands of the same shape.
constexpr std::string_view ELEMENTWISE[] = {
    "Abs",        "Add",        "ArcCos",     "ArcCosh",       "ArcSin",      "ArcSinh",    "ArcTan",       "ArcTan2",
    "ArcTanh",    "AsType",     "BitwiseAnd", "BitwiseInvert", "BitwiseOr",   "BitwiseXor", "Ceil",         "Conjugate",
    "Contiguous", "Copy",       "Cos",        "Cosh",          "DivMod",      "Divide",     "Equal",        "Erf",
    "ErfInv",     "Exp",        "Expm1",      "Floor",         "FloorDivide", "Greater",    "GreaterEqual", "Imag",
    "LeftShift",  "Less",       "LessEqual",  "Log",           "Log10",       "Log1p",      "Log2",         "LogAddExp",
    "LogicalAnd", "LogicalNot", "LogicalOr",  "Maximum",       "Minimum",     "Multiply",   "NaNEqual",     "Negative",
    "NotEqual",   "Power",      "Real",       "Remainder",     "RightShift",  "Round",      "Rsqrt",        "Select",
    "Sigmoid",    "Sign",       "Sin",        "Sinh",          "Sqrt",        "Square",     "StopGradient", "Subtract",
    "Tan",        "Tanh",
};

// Of those that work along the last axis; operands behind the first are weights.
constexpr std::string_view ALONG_LAST[] = {"LayerNorm", "LogSumExp", "RMSNorm", "Softmax"};

// Of those that reduce and those that scan.
constexpr std::string_view REDUCTIONS[] = {"And", "Max", "Min", "Or", "Prod", "Sum"};
constexpr std::string_view SCANS[] = {"CumLogAddExp", "CumMax", "CumMin", "CumProd", "CumSum"};

template <size_t N>
bool is_among(std::string_view name, const std::string_view (&names)[N]) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

// How much of a value is needed.
enum class Need { none, rows, all };

// What a primitive was made with. The cast is by its name, since MLX exports no type information of most of them.
template <typename T>
auto state_of(const Step& step) {
  return static_cast<const T&>(*step.primitive).state();
}

// The axes along which a primitive that leaves the others alone works; nothing for others.
std::optional<std::vector<int>> axes_of(const Step& step) {
  const std::string_view name = step.primitive->name();
  if (is_among(name, REDUCTIONS)) {
    return state_of<mx::Reduce>(step).second;
  }
  if (is_among(name, SCANS)) {
    return std::vector{std::get<1>(state_of<mx::Scan>(step))};
  }
  if (name == "ArgReduce") {
    return std::vector{state_of<mx::ArgReduce>(step).second};
  }
  if (name == "ExpandDims") {
    return state_of<mx::ExpandDims>(step);
  }
  if (name == "Pad") {
    return std::get<0>(state_of<mx::Pad>(step));
  }
  if (name == "Split") {
    return std::vector{state_of<mx::Split>(step).second};
  }
  if (name == "Squeeze") {
    return state_of<mx::Squeeze>(step);
  }
  return std::nullopt;
}

// What the values of a tape are needed for.
class Needs {
 public:
  Needs(const Tape& tape, int upper) : tape_(tape), upper_(upper), needs_(tape.slots, Need::none) {
    for (const auto& shape : tape.input_shapes) {
      shapes_.push_back(&shape);
    }
    for (const auto& constant : tape.constants) {
      shapes_.push_back(&constant.shape());
    }
    for (const auto& step : tape.steps) {
      for (const auto& shape : step.shapes) {
        shapes_.push_back(&shape);
      }
    }
  }

  // From the outputs back to the inputs; false if a value would be needed both in part and as a whole, or rows of a value
  // depend on others.
  bool find(size_t wanted) {
    for (size_t i = 0; i < wanted; ++i) {
      const auto& shape = *shapes_[tape_.outputs[i]];
      const bool has_rows = !shape.empty() && shape[0] == upper_;
      if (!need(tape_.outputs[i], has_rows ? Need::rows : Need::all)) {
        return false;
      }
    }
    for (size_t i = tape_.steps.size(); i-- > 0;) {
      if (!find_of(tape_.steps[i])) {
        return false;
      }
    }
    for (size_t i = 0; i < tape_.input_shapes.size(); ++i) {
      if (needs_[i] == Need::rows && tape_.input_shapes[i][0] == upper_) {
        return true;
      }
    }
    return false;
  }

  Need of(size_t slot) const { return needs_[slot]; }

  bool is_needed(const Step& step) const {
    return std::any_of(step.results.begin(), step.results.end(), [&](size_t slot) { return of(slot) != Need::none; });
  }

 private:
  const mx::Shape& operand(const Step& step, size_t i) const { return *shapes_[step.operands[i]]; }

  bool need(size_t slot, Need need) {
    const auto& shape = *shapes_[slot];
    if (need == Need::rows && (shape.empty() || shape[0] == 0 || shape[0] % upper_ != 0)) {
      return false;
    }
    if (needs_[slot] == Need::none) {
      needs_[slot] = need;
    }
    return needs_[slot] == need;
  }

  bool need_each(const std::vector<size_t>& slots, Need need) {
    return std::all_of(slots.begin(), slots.end(), [&](size_t slot) { return this->need(slot, need); });
  }

  // Rows of operands that are joined along another axis, and so have as many each as the result.
  bool need_joined(const Step& step) {
    return std::all_of(step.operands.begin(), step.operands.end(), [&](size_t slot) {
      const auto& from = *shapes_[slot];
      return from[0] == step.shapes[0][0] && need(slot, Need::rows);
    });
  }

  // Rows of the first operand, all of the others.
  bool need_first(const Step& step, size_t count = 1) {
    for (size_t i = 0; i < step.operands.size(); ++i) {
      if (!need(step.operands[i], i < count ? Need::rows : Need::all)) {
        return false;
      }
    }
    return true;
  }

  // Rows of operands that have those of the result, all of those that are repeated for each row.
  bool need_aligned(const Step& step) {
    const auto& shape = step.shapes[0];
    for (size_t i = 0; i < step.operands.size(); ++i) {
      const auto& from = operand(step, i);
      const bool has_rows = from.size() == shape.size() && from[0] == shape[0];
      const bool is_repeated = from.size() < shape.size() || from[0] == 1;
      if (!(has_rows || is_repeated) || !need(step.operands[i], has_rows ? Need::rows : Need::all)) {
        return false;
      }
    }
    return true;
  }

  bool find_of(const Step& step) {
    Need needed = Need::none;
    for (auto slot : step.results) {
      needed = of(slot) == Need::none ? needed : of(slot);
    }
    if (needed == Need::none) {
      return true;
    }
    if (!need_each(step.results, needed)) {
      return false;
    }
    return needed == Need::all ? need_each(step.operands, Need::all) : find_rows_of(step);
  }

  // What rows of its results need, by what the primitive is.
  bool find_rows_of(const Step& step) {
    const std::string_view name = step.primitive->name();
    if (step.code) {
      const auto rows = step.code->rows();
      if (rows == RLX_MLX_ROWS_PLACES) {
        return need_aligned(step);
      }
      return rows >= RLX_MLX_ROWS_FIRST && need_first(step, static_cast<size_t>(rows - RLX_MLX_ROWS_FIRST) + 1);
    }
    if (const auto axes = axes_of(step)) {
      return std::all_of(axes->begin(), axes->end(), [](int axis) { return axis > 0; }) && need_first(step);
    }
    if (is_among(name, ELEMENTWISE) || name == "Broadcast" || dynamic_cast<const mx::Compiled*>(step.primitive.get())) {
      return need_aligned(step);
    }
    if (name == "Reshape" || name == "Flatten" || name == "Unflatten") {
      return need_first(step);
    }
    if (name == "Concatenate") {
      return need_joined(step);
    }
    if (name == "Transpose") {
      return state_of<mx::Transpose>(step)[0] == 0 && need_first(step);
    }
    if (name == "Slice") {
      const auto [start, stop, strides] = state_of<mx::Slice>(step);
      const bool takes_every_row = start[0] == 0 && strides[0] == 1 && operand(step, 0)[0] == step.shapes[0][0];
      return need(step.operands[0], takes_every_row ? Need::rows : Need::all);
    }
    if (is_among(name, ALONG_LAST)) {
      return step.shapes[0].size() > 1 && need_first(step);
    }
    if (name == "Gather") {
      return find_rows_of_gather(step);
    }
    if (name == "Matmul" || name == "AddMM") {
      return find_rows_of_product(step);
    }
    // Rows are batches here: of queries, keys and values alike, and of a mask that has them.
    return name == "ScaledDotProductAttention" && step.results.size() == 1 && need_aligned(step);
  }

  // The axes of the indices come first in the result, and each index picks from the whole table.
  bool find_rows_of_gather(const Step& step) {
    if (step.operands.size() < 2 || operand(step, 1).empty()) {
      return false;
    }
    for (size_t i = 0; i < step.operands.size(); ++i) {
      if (!need(step.operands[i], i == 0 ? Need::all : Need::rows)) {
        return false;
      }
    }
    return true;
  }

  // Rows of a matrix are those of the left operand, rows of a batch are pairs of matrices; a summand has the result's shape
  // or is repeated.
  bool find_rows_of_product(const Step& step) {
    const auto& shape = step.shapes[0];
    const auto needs = [&](size_t i, Need need) { return this->need(step.operands[i], need); };
    if (shape.size() < 2 || operand(step, 0).size() != shape.size() || operand(step, 1).size() != shape.size() ||
        !needs(0, Need::rows) || !needs(1, shape.size() == 2 ? Need::all : Need::rows)) {
      return false;
    }
    if (step.operands.size() < 3) {
      return true;
    }
    const auto& summand = operand(step, 2);
    return needs(2, summand.size() == shape.size() && summand[0] == shape[0] ? Need::rows : Need::all);
  }

  const Tape& tape_;
  int upper_;
  std::vector<const mx::Shape*> shapes_;
  std::vector<Need> needs_;
};

}  // namespace

std::optional<FirstRows> first_rows(const Tape& tape, size_t wanted, int actual, int upper) {
  Needs needs(tape, upper);
  if (tape.shapeless || !needs.find(wanted)) {
    return std::nullopt;
  }
  const auto cut = [&](size_t slot, mx::Shape& shape) {
    if (needs.of(slot) == Need::rows) {
      shape[0] = shape[0] / upper * actual;
    }
  };
  FirstRows found{tape, {}, {}};
  Tape& made = found.tape;
  const size_t n_inputs = tape.input_shapes.size();
  made.whole_shapes = tape.input_shapes;
  for (size_t i = 0; i < n_inputs; ++i) {
    cut(i, made.input_shapes[i]);
    found.inputs.push_back(needs.of(i) == Need::rows);
  }
  std::vector<mx::array> shortened;
  for (size_t i = 0; i < made.constants.size(); ++i) {
    auto& constant = made.constants[i];
    if (needs.of(n_inputs + i) == Need::rows) {
      auto shape = constant.shape();
      cut(n_inputs + i, shape);
      constant = mx::slice(constant, mx::Shape(shape.size(), 0), shape, here());
      shortened.push_back(constant);
    }
  }
  settle(shortened);

  // MLX's primitives take the extents from their results when they are evaluated.
  std::vector<Step> steps;
  for (auto& step : made.steps) {
    if (needs.is_needed(step)) {
      for (size_t i = 0; i < step.results.size(); ++i) {
        cut(step.results[i], step.shapes[i]);
      }
      steps.push_back(std::move(step));
    }
  }
  made.outputs.clear();
  made.output_bytes.clear();
  for (size_t i = 0; i < tape.outputs.size(); ++i) {
    const auto slot = tape.outputs[i];
    const bool is_needed = needs.of(slot) != Need::none;
    found.outputs.push_back(is_needed);
    if (is_needed) {
      const auto bytes = tape.output_bytes[i];
      made.outputs.push_back(slot);
      made.output_bytes.push_back(needs.of(slot) == Need::rows ? bytes / upper * actual : bytes);
    }
  }
  std::vector<size_t> same(tape.slots);
  std::iota(same.begin(), same.end(), size_t{0});
  made.adopt(std::move(steps), std::move(same));
  made.arrange();
  return found;
}

}  // namespace rlx_mlx
