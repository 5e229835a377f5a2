#include "elements.h"

#include <algorithm>
#include <cstring>

#include "mlx/allocator.h"
#include "mlx/device.h"
#include "mlx/memory.h"

namespace rlx_mlx {

namespace {

// The blocks of consecutive bytes that the elements of a strided array form, visited in row-major order.
class Blocks {
 public:
  explicit Blocks(const mx::array& a) : base_(a.data<char>()), bytes_(a.itemsize()) {
    size_t axis = a.ndim();
    while (axis > 0 && (a.shape()[axis - 1] == 1 || a.strides()[axis - 1] * int64_t(a.itemsize()) == int64_t(bytes_))) {
      bytes_ *= static_cast<size_t>(a.shape()[--axis]);
    }
    for (size_t i = 0; i < axis; ++i) {
      extents_.push_back(a.shape()[i]);
      steps_.push_back(a.strides()[i] * static_cast<int64_t>(a.itemsize()));
    }
    at_.resize(axis);
  }

  size_t bytes() const { return bytes_; }

  // Goes to block number `index`.
  void seek(size_t index) {
    offset_ = 0;
    for (size_t i = extents_.size(); i-- > 0; index /= static_cast<size_t>(extents_[i])) {
      at_[i] = static_cast<int64_t>(index % static_cast<size_t>(extents_[i]));
      offset_ += at_[i] * steps_[i];
    }
  }

  const char* here() const { return base_ + offset_; }

  // Blocks from this one on that lie `step` bytes apart.
  size_t row() const { return extents_.empty() ? 1 : static_cast<size_t>(extents_.back() - at_.back()); }
  int64_t step() const { return steps_.empty() ? 0 : steps_.back(); }

  // Goes on by at most as many blocks as that.
  void advance(size_t count) {
    if (extents_.empty()) {
      return;
    }
    at_.back() += static_cast<int64_t>(count);
    offset_ += static_cast<int64_t>(count) * steps_.back();
    for (size_t i = extents_.size(); i-- > 0 && at_[i] == extents_[i];) {
      offset_ -= at_[i] * steps_[i];
      at_[i] = 0;
      if (i > 0) {
        ++at_[i - 1];
        offset_ += steps_[i - 1];
      }
    }
  }

 private:
  const char* base_;
  size_t bytes_;
  int64_t offset_ = 0;
  std::vector<int64_t> extents_, steps_, at_;
};

// `count` whole blocks. The size of a small block is a constant, which makes its copy one instruction.
template <size_t SIZE>
void copy_blocks(Blocks& blocks, size_t count, char* dst) {
  const size_t size = SIZE ? SIZE : blocks.bytes();
  while (count > 0) {
    const size_t row = std::min(blocks.row(), count);
    const char* src = blocks.here();
    for (size_t i = 0; i < row; ++i, src += blocks.step(), dst += size) {
      std::memcpy(dst, src, size);
    }
    blocks.advance(row);
    count -= row;
  }
}

void copy_whole(Blocks& blocks, size_t count, char* dst) {
  switch (blocks.bytes()) {
    case 1: return copy_blocks<1>(blocks, count, dst);
    case 2: return copy_blocks<2>(blocks, count, dst);
    case 4: return copy_blocks<4>(blocks, count, dst);
    case 8: return copy_blocks<8>(blocks, count, dst);
    default: return copy_blocks<0>(blocks, count, dst);
  }
}

// Bytes of a cache line, which is also the widest vector.
constexpr size_t LINE = 64;

// Between these sizes it matters where elements begin: few lines cost little, and what is larger waits for memory.
constexpr size_t ALIGNED_FROM = 16 * LINE;
constexpr size_t ALIGNED_TO = size_t{16} << 20;

// How far a CPU buffer's data lies behind the pointer that MLX's allocator hands out, when it is fixed: MLX's CPU
// allocator puts the size in front. Measured once on a real buffer instead of assumed.
ptrdiff_t cpu_data_offset() {
  static const ptrdiff_t offset = [] {
    auto probe = mx::allocator::malloc(64);
    auto buffer = probe.buffer();
    return static_cast<char*>(buffer.raw_ptr()) - static_cast<char*>(buffer.ptr());
  }();
  return offset;
}

// What MLX's CPU code takes for a buffer with its data at `data`.
mx::allocator::Buffer buffer_over(const void* data) {
  return mx::allocator::Buffer(static_cast<char*>(const_cast<void*>(data)) - cpu_data_offset());
}

// Whether buffers are those of a GPU: no plain pointers, and aligned.
bool has_gpu_buffers() {
  static const bool on_gpu = mx::is_available(mx::Device::gpu);
  return on_gpu;
}

// Memory of MLX's allocator for `nbytes` bytes and `room` more, or a failure.
mx::allocator::Data allocate(size_t nbytes, size_t room) {
  const size_t limit = mx::get_memory_limit();
  if (nbytes > limit) {
    throw Failure(RLX_MLX_ERR_MEMORY,
                  std::to_string(nbytes) + " bytes exceed the memory limit of " + std::to_string(limit) + " bytes");
  }
  auto data = mx::allocator::malloc(nbytes + room);
  // For a host of the shim that does not export `rlx_mlx_allocator`.
  if (nbytes > 0 && !data.buffer().raw_ptr()) {
    // Given back, the NULL would go into the allocator's cache and come out again.
    [[maybe_unused]] const auto* lost = new mx::allocator::Data(std::move(data));
    throw std::bad_alloc();
  }
  return data;
}

}  // namespace

void give_memory(mx::array& a) {
  const size_t nbytes = a.nbytes();
  const auto& extents = a.shape();
  const bool is_column = a.size() <= 1 || std::any_of(extents.begin(), extents.end(), [&](auto extent) {
                           return static_cast<size_t>(extent) == a.size();
                         });
  const size_t room = nbytes < ALIGNED_FROM || nbytes > ALIGNED_TO || has_gpu_buffers() ? 0 : LINE;
  auto memory = allocate(nbytes, room);
  const size_t behind = reinterpret_cast<std::uintptr_t>(memory.buffer().raw_ptr()) % LINE;
  const size_t skipped = room > 0 && behind > 0 ? LINE - behind : 0;
  a.set_data(std::move(memory), a.size(), a.strides(), {true, true, is_column}, static_cast<int64_t>(skipped));
}

mx::array uninitialised(mx::Shape shape, mx::Dtype dtype) {
  mx::array a(std::move(shape), dtype, nullptr, {});
  give_memory(a);
  a.set_status(mx::array::Status::available);
  return a;
}

bool can_borrow(mx::Dtype dtype, const void* data, size_t nbytes) {
  const bool aligned = reinterpret_cast<std::uintptr_t>(data) % mx::size_of(dtype) == 0;
  return nbytes > 0 && dtype != mx::bool_ && aligned && !has_gpu_buffers() && buffer_over(data).raw_ptr() == data;
}

bool is_readable_in_front(const void* data) {
  // Pages are no smaller anywhere; and what lies on the page of the first element can be read as it can.
  constexpr size_t PAGE = 4096;
  return reinterpret_cast<std::uintptr_t>(data) % PAGE >= static_cast<size_t>(cpu_data_offset());
}

mx::array borrowed(mx::Shape shape, mx::Dtype dtype, const void* data, mx::allocator::Deleter release) {
  return mx::array(mx::allocator::Data(buffer_over(data), std::move(release)), std::move(shape), dtype);
}

void check_bytes(const mx::Shape& shape, mx::Dtype dtype, const void* data, size_t nbytes) {
  size_t elements = 1;
  for (auto extent : shape) {
    elements *= static_cast<size_t>(extent);
  }
  if (elements * mx::size_of(dtype) != nbytes) {
    throw Failure(RLX_MLX_ERR_BAD_SHAPE, std::to_string(nbytes) + " bytes for " + std::to_string(elements) +
                                             " elements of " + std::to_string(mx::size_of(dtype)) + " bytes");
  }
  if (nbytes > 0 && !data) {
    throw Failure(RLX_MLX_ERR_NULL, "data is NULL");
  }
}

mx::array copy_in(mx::Shape shape, mx::Dtype dtype, const void* data, size_t nbytes) {
  auto copy = uninitialised(std::move(shape), dtype);
  auto* bytes = copy.data<unsigned char>();
  if (nbytes > 0) {
    std::memcpy(bytes, data, nbytes);
  }
  if (dtype == mx::bool_) {
    for (size_t i = 0; i < nbytes; ++i) {
      bytes[i] = bytes[i] != 0;
    }
  }
  return copy;
}

void read_part(const mx::array& a, size_t offset, size_t nbytes, void* dst) {
  if (nbytes == 0) {
    return;
  }
  auto* to = static_cast<char*>(dst);
  if (a.flags().row_contiguous) {
    std::memcpy(to, a.data<char>() + offset, nbytes);
    return;
  }
  Blocks blocks(a);
  const size_t size = blocks.bytes();
  blocks.seek(offset / size);
  if (const size_t skip = offset % size; skip > 0) {
    const size_t head = std::min(size - skip, nbytes);
    std::memcpy(to, blocks.here() + skip, head);
    blocks.advance(1);
    to += head;
    nbytes -= head;
  }
  copy_whole(blocks, nbytes / size, to);
  if (const size_t tail = nbytes % size; tail > 0) {
    std::memcpy(to + (nbytes - tail), blocks.here(), tail);
  }
}

mx::array dense_copy(const mx::array& a) {
  auto copy = uninitialised(a.shape(), a.dtype());
  read_part(a, 0, a.nbytes(), copy.data<char>());
  return copy;
}

void read_all(mx::array a, void* dst) {
  // The flags of a lazy array say nothing, so they are read after evaluation only.
  settle(a);
  read_part(a, 0, a.nbytes(), dst);
}

}  // namespace rlx_mlx
