// Host code as a node of the graph.
#include <cstring>
#include <memory>
#include <new>

#include "mlx/allocator.h"
#include "mlx/backend/cpu/encoder.h"
#include "mlx/ops.h"
#include "failures.h"
#include "outputs.h"

using namespace rlx_mlx;

namespace {

// The caller's function. Released when the last node, trace or running task lets go of it.
class Host {
 public:
  Host(rlx_mlx_host_fn fn, void* ud, rlx_mlx_release_fn release) : fn_(fn), ud_(ud), release_(release) {}
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  ~Host() {
    if (release_) {
      release_(ud_);
    }
  }

  void call(const std::vector<rlx_mlx_view_t>& inputs, const std::vector<rlx_mlx_view_mut_t>& outputs) const {
    // This runs on a stream's thread, whose error text is the function's alone.
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

 private:
  rlx_mlx_host_fn fn_;
  void* ud_;
  rlx_mlx_release_fn release_;
};

// NULL when memory runs out; `ud` is released then, too.
std::shared_ptr<Host> make_host(rlx_mlx_host_fn fn, void* ud, rlx_mlx_release_fn release) noexcept {
  auto* host = new (std::nothrow) Host(fn, ud, release);
  if (!host) {
    if (release) {
      release(ud);
    }
    return nullptr;
  }
  try {
    return std::shared_ptr<Host>(host);  // deletes `host` when it throws
  } catch (...) {
    return nullptr;
  }
}

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

class HostCallback : public mx::Primitive {
 public:
  HostCallback(mx::Stream stream, std::shared_ptr<Host> host) : Primitive(stream), host_(std::move(host)) {
    live_callbacks.fetch_add(1);
  }
  ~HostCallback() override { live_callbacks.fetch_sub(1); }

  // The inputs' data may not be there yet when this runs, hence the task on the stream's thread.
  void eval_cpu(const std::vector<mx::array>& inputs, std::vector<mx::array>& outputs) override {
    auto& encoder = mx::cpu::get_command_encoder(stream());
    for (const auto& a : inputs) {
      encoder.set_input_array(a);
    }
    for (auto& a : outputs) {
      a.set_data(mx::allocator::malloc(a.nbytes()));
      encoder.set_output_array(a);
    }
    encoder.dispatch([host = host_, from = weak(inputs), to = weak(outputs), stream = stream()]() mutable {
      if (!is_failing(stream)) {
        try {
          return host->call(views_of<rlx_mlx_view_t>(from), views_of<rlx_mlx_view_mut_t>(to));
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

  void eval_gpu(const std::vector<mx::array>&, std::vector<mx::array>&) override {
    throw std::runtime_error("a host callback runs on CPU streams only");
  }

  const char* name() const override { return CALLBACK_NAME; }

 private:
  std::shared_ptr<Host> host_;
};

}  // namespace

extern "C" {

int rlx_mlx_op_host_callback(rlx_mlx_host_fn fn, void* ud, rlx_mlx_release_fn release, rlx_mlx_array_t* const* inputs,
                             size_t n_inputs, const int* const* output_shapes, const size_t* output_ranks,
                             const rlx_mlx_dtype_t* output_dtypes, size_t n_outputs, rlx_mlx_array_t** out_outputs) {
  // Made first of all, so that every failure releases.
  const auto host = make_host(fn, ud, release);
  return produce_many(__func__, out_outputs, n_outputs, [&] {
    if (!host) {
      throw std::bad_alloc();
    }
    if (!fn) {
      throw Failure(RLX_MLX_ERR_NULL, "fn is NULL");
    }
    auto types = output_types(output_shapes, output_ranks, output_dtypes, n_outputs);
    const auto stream = cpu_here();
    std::vector<mx::array> operands;
    for (const auto& a : arrays_of(inputs, n_inputs, "inputs")) {
      code_of(a.dtype());  // refuses what a view cannot name
      operands.push_back(mx::contiguous(a, false, stream));
    }
    return mx::array::make_arrays(std::move(types.shapes), types.dtypes, std::make_shared<HostCallback>(stream, host),
                                  operands);
  });
}

}  // extern "C"
