#include "allocator.h"

#include <dlfcn.h>

#include <atomic>
#include <new>

#include "internal.h"
#include "mlx/allocator.h"

using namespace rlx_mlx;

namespace {

std::atomic<size_t> never_given = 0;

// MLX's CPU allocator gives a buffer at address 0 when the system has no memory, and MLX's ops write there.
class Checked final : public mx::allocator::Allocator {
 public:
  explicit Checked(mx::allocator::Allocator& inner) : inner_(inner) {}

  mx::allocator::Buffer malloc(size_t size) override {
    const auto buffer = inner_.malloc(size);
    if (!buffer.ptr()) {
      // It is counted all the same, and nobody will give it back.
      never_given += size;
      throw std::bad_alloc();
    }
    return buffer;
  }
  void free(mx::allocator::Buffer buffer) override { inner_.free(buffer); }
  size_t size(mx::allocator::Buffer buffer) const override { return inner_.size(buffer); }
  mx::allocator::Buffer make_buffer(void* ptr, size_t size) override { return inner_.make_buffer(ptr, size); }
  void release(mx::allocator::Buffer buffer) override { inner_.release(buffer); }

 private:
  mx::allocator::Allocator& inner_;
};

using Find = mx::allocator::Allocator& (*)();

// MLX's own function of the name that `rlx_mlx_allocator` is exported by.
Find mlx_allocator() {
  return reinterpret_cast<Find>(dlsym(RTLD_NEXT, "_ZN3mlx4core9allocator9allocatorEv"));
}

}  // namespace

namespace rlx_mlx {

size_t bytes_never_given() {
  return never_given;
}

}  // namespace rlx_mlx

extern "C" {

void* rlx_mlx_allocator(void) {
  // Never destroyed: arrays may be freed while the process ends.
  static auto* checked = new Checked(mlx_allocator()());
  return checked;
}

}  // extern "C"
