// Communication between the processes of one group.
#include <algorithm>
#include <cstring>
#include <deque>
#include <limits>
#include <memory>
#include <mutex>

#include "internal.h"
#include "mlx/allocator.h"
#include "mlx/distributed/distributed.h"
#include "mlx/distributed/ops.h"
#include "mlx/ops.h"
#include "mlx/transforms.h"

using namespace rlx_mlx;

namespace {

namespace dist = mx::distributed;

// What a rank sent to itself.
struct Message {
  mx::Dtype dtype;
  std::vector<char> bytes;
};

// The group of the process. MLX keeps what its backends made until its static objects are destroyed, and says farewell then
// (MPI has to be told): a second owner, which is never destroyed, would take that away.
struct Joined {
  std::weak_ptr<dist::detail::GroupImpl> made;
  std::shared_ptr<dist::detail::GroupImpl> alone;

  explicit Joined(const dist::Group& group) : made(group.raw_group()) {
    if (group.size() == 1) {
      alone = group.raw_group();
    }
  }

  dist::Group get() const {
    auto group = made.lock();
    if (!group) {
      throw Failure(RLX_MLX_ERR_GENERIC, "the group is gone: the process ends");
    }
    return dist::Group(std::move(group));
  }
};

struct World {
  std::mutex mutex;
  std::optional<Joined> group;
  std::string backend;  // "" for a group of size 1 that no backend made
  std::deque<Message> to_self;
  // Those that were split off, from number 1 on. MLX does not keep them.
  std::vector<dist::Group> parts;
};

// The number of the group that this thread is in; 0 is all ranks.
thread_local int current = 0;

// Never destroyed: threads of the backend may outlive static destructors.
World& world() {
  static World* const world = new World;
  return *world;
}

// A copy, so that nobody communicates under the lock.
dist::Group group() {
  std::lock_guard lock(world().mutex);
  if (!world().group) {
    throw Failure(RLX_MLX_ERR_GENERIC, "no group: call rlx_mlx_dist_init first");
  }
  return current == 0 ? world().group->get() : world().parts[static_cast<size_t>(current - 1)];
}

// Where the backend works; MLX itself would refuse a GPU stream only at evaluation.
mx::StreamOrDevice place() {
  bool on_gpu;
  {
    std::lock_guard lock(world().mutex);
    on_gpu = world().backend == "nccl";
  }
  return on_gpu ? here() : mx::StreamOrDevice(cpu_here());
}

// The group of the first of `names` that finds peers, and that name.
std::optional<dist::Group> join(const std::vector<std::string>& names, std::string& found) {
  for (const auto& name : names) {
    if (!dist::is_available(name)) {
      continue;
    }
    auto made = dist::init(false, name);
    if (made.size() > 1) {
      found = name;
      return made;
    }
  }
  return std::nullopt;
}

const std::vector<std::string>& backends() {
  // Fastest first. MLX's own "any" would try RDMA last.
  static const std::vector<std::string> names{"jaccl", "nccl", "ring", "mpi"};
  return names;
}

void check_name(const std::string& backend) {
  const auto& known = backends();
  if (std::find(known.begin(), known.end(), backend) == known.end()) {
    throw Failure(RLX_MLX_ERR_GENERIC, "unknown backend \"" + backend + "\"; there are any, jaccl, nccl, ring and mpi");
  }
}

void init(bool strict, const std::string& backend) {
  const bool any = backend.empty() || backend == "any";
  const auto& known = backends();
  if (!any) {
    check_name(backend);
  }
  auto& state = world();
  std::lock_guard lock(state.mutex);
  if (state.group && !state.group->alone) {
    if (!any && backend != state.backend) {
      throw Failure(RLX_MLX_ERR_GENERIC, "the group exists already, with backend " + state.backend);
    }
    return;
  }
  std::string found;
  auto made = join(any ? known : std::vector{backend}, found);
  if (!made && strict) {
    // MLX tells the reason for one backend; for "any" there would be several.
    if (!any && dist::is_available(backend)) {
      made = dist::init(true, backend);
      found = backend;
    } else {
      throw Failure(RLX_MLX_ERR_GENERIC, any ? "no backend found a group" : "this MLX has no backend " + backend);
    }
  }
  if (!made && !state.group) {
    // Without a backend MLX gives a group of size 1.
    made = dist::init(false, "any");
  }
  if (made) {
    state.group.emplace(*made);
    state.backend = found;
  }
}

// A host buffer as an array, copied.
mx::array upload(const void* data, size_t nelems, mx::Dtype dtype) {
  if (nelems > static_cast<size_t>(std::numeric_limits<int>::max())) {
    throw Failure(RLX_MLX_ERR_BAD_SHAPE, std::to_string(nelems) + " elements are more than MLX has in one axis");
  }
  const size_t nbytes = nelems * mx::size_of(dtype);
  auto buffer = mx::allocator::malloc(nbytes);
  std::memcpy(buffer.buffer().raw_ptr(), data, nbytes);
  return mx::array(std::move(buffer), mx::Shape{static_cast<int>(nelems)}, dtype);
}

void download(mx::array value, void* out) {
  value = mx::contiguous(value, false, cpu_here());
  value.eval();
  std::memcpy(out, value.data<char>(), value.nbytes());
}

void check_buffers(const void* in, const void* out, size_t nelems) {
  if (nelems > 0 && (!in || !out)) {
    throw Failure(RLX_MLX_ERR_NULL, in ? "out is NULL" : "in is NULL");
  }
}

void check_rank(const dist::Group& group, const char* name, int rank) {
  if (rank < 0 || rank >= group.size()) {
    throw Failure(RLX_MLX_ERR_BAD_SHAPE,
                  std::string(name) + " " + std::to_string(rank) + " in a group of " + std::to_string(group.size()));
  }
}

mx::array all_reduce(rlx_mlx_dist_reduce_t kind, const mx::array& x) {
  const auto members = group();
  switch (kind) {
    case RLX_MLX_DIST_SUM: return dist::all_sum(x, members, place());
    case RLX_MLX_DIST_MAX: return dist::all_max(x, members, place());
    case RLX_MLX_DIST_MIN: return dist::all_min(x, members, place());
  }
  throw Failure(RLX_MLX_ERR_GENERIC, "unknown reduction " + std::to_string(static_cast<int>(kind)));
}

void all_reduce_host(rlx_mlx_dist_reduce_t kind, const void* in, void* out, size_t nelems, rlx_mlx_dtype_t dtype) {
  const auto type = dtype_of(dtype);
  check_buffers(in, out, nelems);
  if (nelems == 0) {
    // Still refuses what a call with elements would refuse.
    all_reduce(kind, mx::array(0));
    return;
  }
  download(all_reduce(kind, upload(in, nelems, type)), out);
}

void all_gather_host(const void* in, size_t nelems, void* out, size_t out_cap, rlx_mlx_dtype_t dtype) {
  const auto members = group();
  const auto type = dtype_of(dtype);
  check_buffers(in, out, nelems);
  const auto ranks = static_cast<size_t>(members.size());
  if (nelems > static_cast<size_t>(std::numeric_limits<int>::max()) / ranks || out_cap < nelems * ranks) {
    throw Failure(RLX_MLX_ERR_BAD_SHAPE, std::to_string(nelems) + " elements of each of " + std::to_string(ranks) +
                                             " ranks do not fit into " + std::to_string(out_cap));
  }
  if (nelems > 0) {
    download(dist::all_gather(upload(in, nelems, type), members, place()), out);
  }
}

void send(const void* data, size_t nelems, rlx_mlx_dtype_t dtype, int dst) {
  const auto members = group();
  const auto type = dtype_of(dtype);
  check_rank(members, "dst", dst);
  check_buffers(data, &members, nelems);
  if (nelems == 0) {
    return;
  }
  if (dst == members.rank()) {
    if (nelems > std::numeric_limits<size_t>::max() / mx::size_of(type)) {
      throw Failure(RLX_MLX_ERR_BAD_SHAPE, "the number of bytes overflows");
    }
    const auto* bytes = static_cast<const char*>(data);
    Message message{type, std::vector<char>(bytes, bytes + nelems * mx::size_of(type))};
    std::lock_guard lock(world().mutex);
    world().to_self.push_back(std::move(message));
    return;
  }
  dist::send(upload(data, nelems, type), dst, members, place()).eval();
}

void recv(void* out, size_t nelems, rlx_mlx_dtype_t dtype, int src) {
  const auto members = group();
  const auto type = dtype_of(dtype);
  check_rank(members, "src", src);
  check_buffers(&members, out, nelems);
  if (nelems == 0) {
    return;
  }
  if (nelems > static_cast<size_t>(std::numeric_limits<int>::max())) {
    throw Failure(RLX_MLX_ERR_BAD_SHAPE, std::to_string(nelems) + " elements are more than MLX has in one axis");
  }
  if (src != members.rank()) {
    download(dist::recv({static_cast<int>(nelems)}, type, src, members, place()), out);
    return;
  }
  std::lock_guard lock(world().mutex);
  auto& queue = world().to_self;
  if (queue.empty()) {
    throw Failure(RLX_MLX_ERR_GENERIC, "nothing was sent to this rank by itself");
  }
  const auto& message = queue.front();
  if (message.dtype != type || message.bytes.size() != nelems * mx::size_of(type)) {
    throw Failure(RLX_MLX_ERR_BAD_SHAPE, "the message has " + std::to_string(message.bytes.size()) +
                                             " bytes or another dtype than is asked for");
  }
  std::memcpy(out, message.bytes.data(), message.bytes.size());
  queue.pop_front();
}

int split(int colour, int key, int& rank, int& size) {
  if (colour < 0) {
    throw Failure(RLX_MLX_ERR_BAD_SHAPE, "colour " + std::to_string(colour) + " is negative");
  }
  // MLX sorts by keys, and takes a negative one for the rank.
  const auto part = group().split(colour, key);
  rank = part.rank();
  size = part.size();
  std::lock_guard lock(world().mutex);
  world().parts.push_back(part);
  return static_cast<int>(world().parts.size());
}

void enter(int group) {
  std::lock_guard lock(world().mutex);
  if (group < 0 || static_cast<size_t>(group) > world().parts.size()) {
    throw Failure(RLX_MLX_ERR_GENERIC, "no group " + std::to_string(group));
  }
  current = group;
}

int write(const char* function, int* out, const char* name, int (*value)(const dist::Group&)) {
  return guarded(function, [&] {
    if (!out) {
      throw Failure(RLX_MLX_ERR_NULL, std::string(name) + " is NULL");
    }
    *out = value(group());
  });
}

}  // namespace

extern "C" {

int rlx_mlx_dist_is_available(int* out) {
  return guarded(__func__, [&] {
    if (!out) {
      throw Failure(RLX_MLX_ERR_NULL, "out is NULL");
    }
    *out = dist::is_available() ? 1 : 0;
  });
}

int rlx_mlx_dist_has_backend(const char* backend, int* out) {
  return guarded(__func__, [&] {
    if (!backend || !out) {
      throw Failure(RLX_MLX_ERR_NULL, backend ? "out is NULL" : "backend is NULL");
    }
    check_name(backend);
    *out = dist::is_available(backend) ? 1 : 0;
  });
}

int rlx_mlx_dist_init(int strict, const char* backend, int* out_rank, int* out_size) {
  return guarded(__func__, [&] {
    if (!out_rank || !out_size) {
      throw Failure(RLX_MLX_ERR_NULL, out_rank ? "out_size is NULL" : "out_rank is NULL");
    }
    init(strict != 0, backend ? backend : "");
    const auto members = group();
    *out_rank = members.rank();
    *out_size = members.size();
  });
}

int rlx_mlx_dist_split(int colour, int key, int* out_group, int* out_rank, int* out_size) {
  return guarded(__func__, [&] {
    if (!out_group || !out_rank || !out_size) {
      throw Failure(RLX_MLX_ERR_NULL, !out_group ? "out_group is NULL"
                                      : out_rank ? "out_size is NULL"
                                                 : "out_rank is NULL");
    }
    *out_group = split(colour, key, *out_rank, *out_size);
  });
}

int rlx_mlx_dist_enter(int group) {
  return guarded(__func__, [&] { enter(group); });
}

int rlx_mlx_dist_rank(int* out_rank) {
  return write(__func__, out_rank, "out_rank", [](const dist::Group& group) { return group.rank(); });
}

int rlx_mlx_dist_size(int* out_size) {
  return write(__func__, out_size, "out_size", [](const dist::Group& group) { return group.size(); });
}

int rlx_mlx_dist_all_reduce(rlx_mlx_dist_reduce_t kind, const void* in, void* out, size_t nelems,
                            rlx_mlx_dtype_t dtype) {
  return guarded(__func__, [&] { all_reduce_host(kind, in, out, nelems, dtype); });
}

int rlx_mlx_dist_all_gather(const void* in, size_t nelems, void* out, size_t out_cap, rlx_mlx_dtype_t dtype) {
  return guarded(__func__, [&] { all_gather_host(in, nelems, out, out_cap, dtype); });
}

int rlx_mlx_dist_send(const void* data, size_t nelems, rlx_mlx_dtype_t dtype, int dst) {
  return guarded(__func__, [&] { send(data, nelems, dtype, dst); });
}

int rlx_mlx_dist_recv(void* out, size_t nelems, rlx_mlx_dtype_t dtype, int src) {
  return guarded(__func__, [&] { recv(out, nelems, dtype, src); });
}

int rlx_mlx_dist_all_sum_f32(const float* in, float* out, size_t nelems) {
  return guarded(__func__, [&] { all_reduce_host(RLX_MLX_DIST_SUM, in, out, nelems, RLX_MLX_DTYPE_F32); });
}

int rlx_mlx_dist_all_gather_f32(const float* in, size_t nelems, float* out, size_t out_cap) {
  return guarded(__func__, [&] { all_gather_host(in, nelems, out, out_cap, RLX_MLX_DTYPE_F32); });
}

int rlx_mlx_dist_send_f32(const float* data, size_t nelems, int dst) {
  return guarded(__func__, [&] { send(data, nelems, RLX_MLX_DTYPE_F32, dst); });
}

int rlx_mlx_dist_recv_f32(float* out, size_t nelems, int src) {
  return guarded(__func__, [&] { recv(out, nelems, RLX_MLX_DTYPE_F32, src); });
}

int rlx_mlx_dist_barrier(void) {
  return guarded(__func__, [&] { all_reduce(RLX_MLX_DIST_SUM, mx::array(0.0f)).eval(); });
}

int rlx_mlx_dist_all_reduce_array(rlx_mlx_dist_reduce_t kind, rlx_mlx_array_t* in, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(all_reduce(kind, rlx_mlx::in(in, "in"))); });
}

int rlx_mlx_dist_all_sum_array(rlx_mlx_array_t* in, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(all_reduce(RLX_MLX_DIST_SUM, rlx_mlx::in(in, "in"))); });
}

int rlx_mlx_dist_all_gather_array(rlx_mlx_array_t* in, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(dist::all_gather(rlx_mlx::in(in, "in"), group(), place())); });
}

int rlx_mlx_dist_after_array(rlx_mlx_array_t* in, rlx_mlx_array_t* before, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    // MLX takes the stream of the first operand's primitive, which a leaf has not.
    const auto x = mx::contiguous(rlx_mlx::in(in, "in"), false, place());
    return handle(mx::depends({x}, {rlx_mlx::in(before, "before")}).at(0));
  });
}

int rlx_mlx_dist_sum_scatter_array(rlx_mlx_array_t* in, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = rlx_mlx::in(in, "in");
    const auto members = group();
    if (x.ndim() == 0 || x.shape(0) % members.size() != 0) {
      throw Failure(RLX_MLX_ERR_BAD_SHAPE,
                    "the group's size, " + std::to_string(members.size()) + ", does not divide axis 0");
    }
    return handle(dist::sum_scatter(x, members, place()));
  });
}

}  // extern "C"
