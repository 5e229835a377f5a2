#include "failures.h"

#include <map>
#include <mutex>

namespace rlx_mlx {

namespace {

// By the index of the stream. Runs without failures look at the count alone.
struct Kept {
  std::mutex mutex;
  std::map<int, std::string> texts;
  std::atomic<size_t> count{0};
};

Kept& kept() {
  static auto* all = new Kept;
  return *all;
}

void tell(std::map<int, std::string>::iterator found) {
  auto& all = kept();
  if (found == all.texts.end()) {
    return;
  }
  std::runtime_error failure(found->second);
  all.texts.erase(found);
  all.count.store(all.texts.size());
  throw failure;
}

}  // namespace

void keep_failure(const mx::Stream& stream, const char* text) noexcept {
  auto& all = kept();
  std::lock_guard lock(all.mutex);
  try {
    all.texts.emplace(stream.index, text);
  } catch (const std::bad_alloc&) {
    // A short text needs no memory of its own, and the node of the map is all that can be missing: nothing can be done.
  }
  all.count.store(all.texts.size());
}

bool is_failing(const mx::Stream& stream) noexcept {
  auto& all = kept();
  if (all.count.load() == 0) {
    return false;
  }
  std::lock_guard lock(all.mutex);
  return all.texts.contains(stream.index);
}

void tell_failure(const mx::Stream& stream) {
  auto& all = kept();
  if (all.count.load() > 0) {
    std::lock_guard lock(all.mutex);
    tell(all.texts.find(stream.index));
  }
}

void tell_failures() {
  auto& all = kept();
  if (all.count.load() == 0) {
    return;
  }
  const auto place = here();
  if (std::holds_alternative<mx::Stream>(place)) {
    tell_failure(cpu_here());
  } else {
    std::lock_guard lock(all.mutex);
    tell(all.texts.begin());
  }
}

}  // namespace rlx_mlx
