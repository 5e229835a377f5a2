#include "failures.h"

#include <map>
#include <mutex>
#include <string_view>
#include <unordered_set>

#include "mlx/primitives.h"

namespace rlx_mlx {

std::atomic<size_t> live_callbacks{0};

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

void tell_failures(const std::vector<mx::Stream>& streams) {
  auto& all = kept();
  if (streams.empty() || all.count.load() == 0) {
    return;
  }
  std::optional<std::string> first;
  {
    std::lock_guard lock(all.mutex);
    for (const auto& stream : streams) {
      if (auto found = all.texts.extract(stream.index); found && !first) {
        first = std::move(found.mapped());
      }
    }
    all.count.store(all.texts.size());
  }
  if (first) {
    throw std::runtime_error(*first);
  }
}

void forget_failures(const std::vector<mx::Stream>& streams) noexcept {
  auto& all = kept();
  std::lock_guard lock(all.mutex);
  for (const auto& stream : streams) {
    all.texts.erase(stream.index);
  }
  all.count.store(all.texts.size());
}

std::vector<mx::Stream> callback_streams(const std::vector<mx::array>& arrays) {
  if (live_callbacks.load() == 0) {
    return {};
  }
  if (std::holds_alternative<mx::Stream>(here())) {
    return {cpu_here()};
  }
  std::vector<mx::Stream> streams;
  std::unordered_set<std::uintptr_t> seen;
  std::vector<mx::array> pending = arrays;
  while (!pending.empty()) {
    const mx::array a = std::move(pending.back());
    pending.pop_back();
    if (!a.has_primitive() || !seen.insert(a.id()).second) {
      continue;
    }
    if (std::string_view(a.primitive().name()) == CALLBACK_NAME) {
      streams.push_back(a.primitive().stream());
    }
    pending.insert(pending.end(), a.inputs().begin(), a.inputs().end());
  }
  return streams;
}

}  // namespace rlx_mlx
