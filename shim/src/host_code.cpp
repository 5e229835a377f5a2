#include "host_code.h"

#include <cstring>

#include "elements.h"
#include "failures.h"
#include "mlx/backend/cpu/encoder.h"
#include "outputs.h"

namespace rlx_mlx {

namespace {

// `View` is rlx_mlx_view_t or rlx_mlx_view_mut_t.
template <typename View>
std::vector<View> views_of(std::vector<mx::array>& arrays) {
  std::vector<View> views;
  views.reserve(arrays.size());
  for (auto& a : arrays) {
    auto* data = a.nbytes() > 0 ? a.data<void>() : nullptr;
    views.push_back(View{data, a.nbytes(), code_of(a.dtype()), a.shape().data(), a.ndim()});
  }
  return views;
}

// What MLX's own CPU primitives hand to their tasks: the data without a hold on the graph.
std::vector<mx::array> weak(const std::vector<mx::array>& arrays) {
  std::vector<mx::array> copies;
  copies.reserve(arrays.size());
  for (const auto& a : arrays) {
    copies.push_back(mx::array::unsafe_weak_copy(a));
  }
  return copies;
}

}  // namespace

HostCode::~HostCode() {
  if (release_) {
    release_(ud_);
  }
}

void HostCode::call(std::vector<mx::array> from, std::vector<mx::array>& to) const {
  for (auto& a : from) {
    if (!a.flags().row_contiguous) {
      a = dense_copy(a);
    }
  }
  const auto inputs = views_of<rlx_mlx_view_t>(from);
  const auto outputs = views_of<rlx_mlx_view_mut_t>(to);
  // From here to the call's end the thread's error text is the function's alone.
  clear_error();
  int code = 0;
  try {
    code = fn_(ud_, inputs.data(), inputs.size(), outputs.data(), outputs.size());
  } catch (const std::exception& e) {
    throw std::runtime_error(std::string("host callback: ") + e.what());
  } catch (...) {
    throw std::runtime_error("host callback: unknown C++ exception");
  }
  if (code != 0) {
    const char* cause = rlx_mlx_last_error();
    throw std::runtime_error("host callback: " + std::string(*cause ? cause : "it failed without a message"));
  }
}

HostCallback::HostCallback(mx::Stream stream, std::shared_ptr<const HostCode> code)
    : Primitive(stream), code_(std::move(code)) {
  add_callback(stream);
}

HostCallback::~HostCallback() {
  remove_callback();
}

// The inputs' data may not be there yet when this runs, hence the task on the stream's thread.
void HostCallback::eval_cpu(const std::vector<mx::array>& inputs, std::vector<mx::array>& outputs) {
  auto& encoder = mx::cpu::get_command_encoder(stream());
  for (const auto& a : inputs) {
    encoder.set_input_array(a);
  }
  for (auto& a : outputs) {
    give_memory(a);
    encoder.set_output_array(a);
  }
  encoder.dispatch([code = code_, from = weak(inputs), to = weak(outputs), stream = stream()]() mutable {
    if (!is_failing(stream)) {
      try {
        return code->call(std::move(from), to);
      } catch (const std::exception& e) {
        keep_failure(stream, e.what());
      }
    }
    // What is computed from it until the failure is told is never read.
    for (auto& a : to) {
      std::memset(a.data<char>(), 0, a.nbytes());
    }
  });
}

void HostCallback::eval_gpu(const std::vector<mx::array>&, std::vector<mx::array>&) {
  throw std::runtime_error("a host callback runs on CPU streams only");
}

const char* HostCallback::name() const {
  return CALLBACK_NAME;
}

HostCallback* host_callback(mx::Primitive& primitive) {
  return dynamic_cast<HostCallback*>(&primitive);
}

const HostCode* host_code_of(const mx::Primitive& primitive) {
  const auto* callback = dynamic_cast<const HostCallback*>(&primitive);
  return callback ? &callback->code() : nullptr;
}

}  // namespace rlx_mlx
