// Host code behind a callback: one function of the caller's, and the primitive that stands for it in a graph.
#pragma once

#include <memory>
#include <optional>

#include "internal.h"
#include "mlx/primitives.h"

namespace rlx_mlx {

// The caller's function. Released when the last node, trace or running task lets go of it.
class HostCode {
 public:
  HostCode(rlx_mlx_host_fn fn, void* ud, rlx_mlx_release_fn release, rlx_mlx_rows_t rows)
      : fn_(fn), ud_(ud), release_(release), rows_(rows) {}
  HostCode(const HostCode&) = delete;
  HostCode& operator=(const HostCode&) = delete;
  ~HostCode();

  // Computes `to` from `from`, whose elements are there; `to` has memory. A failure is thrown.
  void call(std::vector<mx::array> from, std::vector<mx::array>& to) const;

  // How its first rows depend on those of its inputs.
  rlx_mlx_rows_t rows() const { return rows_; }

 private:
  rlx_mlx_host_fn fn_;
  void* ud_;
  rlx_mlx_release_fn release_;
  rlx_mlx_rows_t rows_;
};

class HostCallback : public mx::Primitive {
 public:
  // Throws when memory runs out.
  HostCallback(mx::Stream stream, std::shared_ptr<const HostCode> code);
  ~HostCallback() override;

  void eval_cpu(const std::vector<mx::array>& inputs, std::vector<mx::array>& outputs) override;
  void eval_gpu(const std::vector<mx::array>& inputs, std::vector<mx::array>& outputs) override;
  const char* name() const override;

  const HostCode& code() const { return *code_; }

  // The input whose memory the first output may take when nothing else needs it any more.
  std::optional<size_t> overwritable() const { return overwritable_; }
  void may_overwrite(size_t input) { overwritable_ = input; }

 private:
  std::shared_ptr<const HostCode> code_;
  std::optional<size_t> overwritable_;
};

// The primitive of host code, or NULL if it is another.
HostCallback* host_callback(mx::Primitive& primitive);

// The host code that a primitive stands for, or NULL.
const HostCode* host_code_of(const mx::Primitive& primitive);

}  // namespace rlx_mlx
