#include "watch.h"

#include <cstring>
#include <unordered_set>

#include "host_code.h"
#include "mlx/backend/cpu/encoder.h"
#include "operands.h"
#include "tape.h"

using namespace rlx_mlx;

struct rlx_mlx_watch_s : Counted {
  Places places;
};

namespace rlx_mlx {

namespace {

// Bytes that are read and written; of a table that rows are taken from, those of the rows.
uint64_t bytes_of(const char* name, const std::vector<mx::array>& inputs, const std::vector<mx::array>& outputs) {
  uint64_t bytes = 0;
  for (const auto& a : outputs) {
    bytes += a.nbytes();
  }
  const bool is_gather = std::strcmp(name, "Gather") == 0 || std::strcmp(name, "GatherAxis") == 0;
  if (is_gather) {
    bytes *= 2;
  }
  for (size_t i = is_gather ? 1 : 0; i < inputs.size(); ++i) {
    bytes += inputs[i].nbytes();
  }
  return bytes;
}

// Additions and multiplications of a product or convolution.
uint64_t operations_of(const char* name, const std::vector<mx::array>& inputs, const mx::array& output) {
  if ((std::strcmp(name, "Matmul") == 0 || std::strcmp(name, "AddMM") == 0) && inputs.size() > 1 &&
      inputs[0].ndim() > 0) {
    return 2 * static_cast<uint64_t>(output.size()) * static_cast<uint64_t>(inputs[0].shape(-1));
  }
  if (std::strcmp(name, "Convolution") == 0 && inputs.size() > 1 && inputs[1].ndim() > 0 && inputs[1].shape(0) > 0) {
    return 2 * static_cast<uint64_t>(output.size()) * (inputs[1].size() / static_cast<size_t>(inputs[1].shape(0)));
  }
  return 0;
}

// Calls `visit` for every lazy array behind `root` until it gives false for one, which ends the way there.
template <typename F>
void walk(const mx::array& root, std::unordered_set<std::uintptr_t>& seen, F&& visit) {
  std::vector<mx::array> open{root};
  while (!open.empty()) {
    const auto a = open.back();
    open.pop_back();
    if (a.has_primitive() && seen.insert(a.id()).second && visit(a)) {
      open.insert(open.end(), a.inputs().begin(), a.inputs().end());
    }
  }
}

}  // namespace

Watched::Watched(std::shared_ptr<mx::Primitive> inner, std::shared_ptr<const Observer> observer, size_t place)
    : Primitive(inner->stream()), inner_(std::move(inner)), observer_(std::move(observer)), place_(place) {}

// The tasks of a stream run one after the other, so those of the primitive lie between the two.
void Watched::eval_cpu(const std::vector<mx::array>& inputs, std::vector<mx::array>& outputs) {
  auto& encoder = mx::cpu::get_command_encoder(stream());
  const auto start = std::make_shared<uint64_t>(0);
  const auto operations = operations_of(inner_->name(), inputs, outputs.front());
  const auto nbytes = bytes_of(inner_->name(), inputs, outputs);
  encoder.dispatch([start, observer = observer_] { *start = observer->now(); });
  inner_->eval_cpu(inputs, outputs);
  encoder.dispatch([start, operations, nbytes, observer = observer_, inner = inner_, place = place_] {
    observer->tell(*start, place, inner->name(), operations, nbytes);
  });
}

void Watched::eval_gpu(const std::vector<mx::array>& inputs, std::vector<mx::array>& outputs) {
  inner_->eval_gpu(inputs, outputs);
}

const char* Watched::name() const {
  return "Watched";
}

bool Watched::is_equivalent(const mx::Primitive& other) const {
  const auto* watched = dynamic_cast<const Watched*>(&other);
  return watched && watched->place_ == place_ && inner_->is_equivalent(*watched->inner_);
}

std::vector<mx::Shape> Watched::output_shapes(const std::vector<mx::array>& inputs) {
  return inner_->output_shapes(inputs);
}

void Watched::tell(uint64_t start, const std::vector<mx::array>& inputs, const mx::array& output) const {
  observer_->tell(start, place_, inner_->name(), 0, bytes_of(inner_->name(), inputs, {output}));
}

mx::array told(const mx::Primitive& primitive, const std::vector<mx::array>& operands, const Movement& compute) {
  const auto* watched = dynamic_cast<const Watched*>(&primitive);
  if (!watched) {
    return compute(operands);
  }
  const auto start = watched->now();
  auto result = compute(operands);
  watched->tell(start, operands, result);
  return result;
}

void Places::add(const mx::array& root, size_t place) {
  std::unordered_set<std::uintptr_t> seen;
  walk(root, seen, [&](const mx::array& a) { return places.emplace(a.primitive_ptr(), place).second; });
}

std::shared_ptr<mx::Primitive> Places::watched(const std::shared_ptr<mx::Primitive>& primitive) const {
  const auto known = places.find(primitive);
  if (known == places.end() || host_code_of(*primitive) || primitive->device() != mx::Device::cpu) {
    return primitive;
  }
  return std::make_shared<Watched>(primitive, observer, known->second);
}

}  // namespace rlx_mlx

namespace {

Places& places_in(rlx_mlx_watch_t* watch) {
  if (!watch) {
    throw Failure(RLX_MLX_ERR_NULL, "watch is NULL");
  }
  return watch->places;
}

// NULL when memory runs out; `ud` is released then, too.
std::shared_ptr<const Observer> make_observer(rlx_mlx_now_fn now, rlx_mlx_span_fn span, void* ud,
                                              rlx_mlx_release_fn release) noexcept {
  auto* observer = new (std::nothrow) Observer(now, span, ud, release);
  if (!observer) {
    if (release) {
      release(ud);
    }
    return nullptr;
  }
  try {
    return std::shared_ptr<const Observer>(observer);  // deletes `observer` when it throws
  } catch (...) {
    return nullptr;
  }
}

}  // namespace

extern "C" {

int rlx_mlx_watch_new(rlx_mlx_now_fn now, rlx_mlx_span_fn span, void* ud, rlx_mlx_release_fn release,
                      rlx_mlx_watch_t** out) {
  // Made first of all, so that every failure releases.
  auto observer = make_observer(now, span, ud, release);
  return produce(__func__, out, [&] {
    if (!observer) {
      throw std::bad_alloc();
    }
    if (!now || !span) {
      throw Failure(RLX_MLX_ERR_NULL, now ? "span is NULL" : "now is NULL");
    }
    auto watch = std::make_unique<rlx_mlx_watch_t>();
    watch->places.observer = std::move(observer);
    return watch.release();
  });
}

int rlx_mlx_watch_place(rlx_mlx_watch_t* watch, rlx_mlx_array_t* array, size_t place) {
  return guarded(__func__, [&] { places_in(watch).add(in(array, "array"), place); });
}

int rlx_mlx_watch_arrays(rlx_mlx_watch_t* watch, rlx_mlx_array_t* const* handles, size_t n) {
  return guarded(__func__, [&] {
    auto& known = places_in(watch);
    std::unordered_set<std::uintptr_t> seen;
    // Outputs of one primitive share it.
    std::unordered_map<std::shared_ptr<mx::Primitive>, std::shared_ptr<mx::Primitive>> made;
    for (const auto& root : arrays_of(handles, n, "handles")) {
      walk(root, seen, [&](const mx::array& a) {
        auto& mine = a.primitive_ptr();
        auto [at, is_new] = made.emplace(mine, nullptr);
        if (is_new) {
          at->second = known.watched(mine);
        }
        mine = at->second;
        return true;
      });
    }
    known.places.clear();
  });
}

int rlx_mlx_watch_trace(rlx_mlx_watch_t* watch, rlx_mlx_trace_t* trace) {
  return guarded(__func__, [&] {
    const auto& known = places_in(watch);
    if (!trace) {
      throw Failure(RLX_MLX_ERR_NULL, "trace is NULL");
    }
    for (auto& step : trace->tape.steps) {
      step.primitive = known.watched(step.primitive);
    }
  });
}

void rlx_mlx_watch_free(rlx_mlx_watch_t* watch) {
  delete watch;
}

}  // extern "C"
