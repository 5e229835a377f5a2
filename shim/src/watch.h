// Primitives that tell when they are computed.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "internal.h"
#include "mlx/primitives.h"
#include "movement.h"

namespace rlx_mlx {

// The caller's functions. Released when the last watch, primitive or running task lets go of it.
class Observer {
 public:
  Observer(rlx_mlx_now_fn now, rlx_mlx_span_fn span, void* ud, rlx_mlx_release_fn release)
      : now_(now), span_(span), ud_(ud), release_(release) {}
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  ~Observer() {
    if (release_) {
      release_(ud_);
    }
  }

  uint64_t now() const { return now_(ud_); }
  void tell(uint64_t start, size_t place, const char* primitive, uint64_t operations, uint64_t nbytes) const {
    span_(ud_, start, place, primitive, operations, nbytes);
  }

 private:
  rlx_mlx_now_fn now_;
  rlx_mlx_span_fn span_;
  void* ud_;
  rlx_mlx_release_fn release_;
};

// A primitive between two tasks on its stream, of which the second tells how long it took.
class Watched : public mx::Primitive {
 public:
  Watched(std::shared_ptr<mx::Primitive> inner, std::shared_ptr<const Observer> observer, size_t place);

  void eval_cpu(const std::vector<mx::array>& inputs, std::vector<mx::array>& outputs) override;
  void eval_gpu(const std::vector<mx::array>& inputs, std::vector<mx::array>& outputs) override;
  // Its own: by their names primitives are taken for what they are (rows.cpp).
  const char* name() const override;
  bool is_equivalent(const mx::Primitive& other) const override;
  std::vector<mx::Shape> output_shapes(const std::vector<mx::array>& inputs) override;

  // Tells that the primitive was computed elsewhere, from `start` on until now.
  void tell(uint64_t start, const std::vector<mx::array>& inputs, const mx::array& output) const;
  uint64_t now() const { return observer_->now(); }

 private:
  std::shared_ptr<mx::Primitive> inner_;
  std::shared_ptr<const Observer> observer_;
  size_t place_;
};

// `compute(operands)`, told if the primitive is one that is watched.
mx::array told(const mx::Primitive& primitive, const std::vector<mx::array>& operands, const Movement& compute);

// Which place primitives belong to. It holds on to them, so that no other gets the address of one.
struct Places {
  std::shared_ptr<const Observer> observer;
  std::unordered_map<std::shared_ptr<mx::Primitive>, size_t> places;

  // Notes the place of what is behind `root` and has none.
  void add(const mx::array& root, size_t place);
  // The primitive that tells, for one with a place; itself for others, for host code, which tells for itself, and on GPUs,
  // where it only puts work into a queue.
  std::shared_ptr<mx::Primitive> watched(const std::shared_ptr<mx::Primitive>& primitive) const;
};

}  // namespace rlx_mlx
