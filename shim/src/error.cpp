#include <cstdio>
#include <cstring>

#include "internal.h"

namespace {
// A fixed buffer: reporting a failure must not fail.
thread_local char last_error[1024] = "";
}  // namespace

namespace rlx_mlx {

void set_error(const char* function, const char* message) noexcept {
  // A nested failure, told by a callback, may already stand in the buffer that `message` points into.
  char text[sizeof(last_error)];
  std::snprintf(text, sizeof(text), "%s: %s", function, message ? message : "");
  std::memcpy(last_error, text, sizeof(text));
}

void clear_error() noexcept {
  last_error[0] = '\0';
}

bool is_out_of_memory(const char* message) noexcept {
  for (const char* sign :
       {"std::bad_alloc", "Unable to allocate", "Attempting to allocate", "out of memory", "exceed the memory limit"}) {
    if (std::strstr(message, sign)) {
      return true;
    }
  }
  return false;
}

}  // namespace rlx_mlx

extern "C" const char* rlx_mlx_last_error(void) {
  return last_error;
}

extern "C" void rlx_mlx_set_last_error(const char* message) {
  std::snprintf(last_error, sizeof(last_error), "%s", message ? message : "");
}
