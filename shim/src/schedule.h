// How a tape is run.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "internal.h"

namespace rlx_mlx {

struct Tape;

// Steps that follow each other and are computed in one way.
struct Phase {
  // The step behind its last one.
  size_t end = 0;
  // Whether the run computes them itself: they are host code, or move elements that are there. Else they are one evaluation.
  bool by_run = false;
  // The slots that later phases and outputs need of an evaluation.
  std::vector<size_t> ready;
};

// The phases of a run, which alternate. Host code that the run calls itself costs no more than a call: no node of a graph, no
// task of another thread, and it reads host memory where it is. To hand over to MLX and back takes some tens of microseconds,
// so host code in between is the run's own where there is much of it, and else evaluated with the rest; that at both ends of a
// tape always is the run's. So is what moves elements between such code: views of them, and copies.
struct Schedule {
  std::vector<Phase> phases;
  // Inputs that nothing but host code of the run's own reads: they need not be copied.
  std::vector<bool> borrowable;
  // Slots that such code gives, that nothing else reads and one output shows, with that output: the code may write them
  // where the caller wants them.
  std::unordered_map<size_t, size_t> direct;
  // For each step the operand whose memory its first result takes.
  std::vector<std::optional<size_t>> overwritten;
  // For each step the slots that are not needed after it.
  std::vector<std::vector<size_t>> dropped;
};

}  // namespace rlx_mlx
