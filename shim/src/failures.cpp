#include "failures.h"

#include <map>
#include <mutex>
#include <string_view>
#include <unordered_set>

#include "mlx/primitives.h"

namespace rlx_mlx {

std::atomic<size_t> live_callbacks{0};

namespace {

// What is known of one stream.
struct Slot {
  bool failed = false;
  std::string text;
};

// By the index of the stream. Runs without failures look at the count of those that have failed alone.
struct Kept {
  std::mutex mutex;
  std::map<int, Slot> slots;
  std::atomic<size_t> failed{0};

  void forget(Slot& slot) {
    if (slot.failed) {
      slot = Slot();
      failed.fetch_sub(1);
    }
  }
};

Kept& kept() {
  static auto* all = new Kept;
  return *all;
}

}  // namespace

void expect_callbacks(const mx::Stream& stream) {
  auto& all = kept();
  std::lock_guard lock(all.mutex);
  all.slots.try_emplace(stream.index);
  live_callbacks.fetch_add(1);
}

void keep_failure(const mx::Stream& stream, const char* text) noexcept {
  auto& all = kept();
  std::lock_guard lock(all.mutex);
  const auto found = all.slots.find(stream.index);
  if (found == all.slots.end() || found->second.failed) {
    return;
  }
  found->second.failed = true;
  all.failed.fetch_add(1);
  try {
    found->second.text = text;
  } catch (const std::bad_alloc&) {
    // That it failed is noted.
  }
}

bool is_failing(const mx::Stream& stream) noexcept {
  auto& all = kept();
  if (all.failed.load() == 0) {
    return false;
  }
  std::lock_guard lock(all.mutex);
  const auto found = all.slots.find(stream.index);
  return found != all.slots.end() && found->second.failed;
}

void tell_failures(const std::vector<mx::Stream>& streams) {
  auto& all = kept();
  if (streams.empty() || all.failed.load() == 0) {
    return;
  }
  std::optional<std::string> first;
  {
    std::lock_guard lock(all.mutex);
    for (const auto& stream : streams) {
      const auto found = all.slots.find(stream.index);
      if (found != all.slots.end() && found->second.failed) {
        if (!first) {
          first = std::move(found->second.text);
        }
        all.forget(found->second);
      }
    }
  }
  if (first) {
    throw std::runtime_error(first->empty() ? "host callback: it failed, and no memory was left for its message" : *first);
  }
}

void forget_failures(const std::vector<mx::Stream>& streams) noexcept {
  auto& all = kept();
  std::lock_guard lock(all.mutex);
  for (const auto& stream : streams) {
    if (const auto found = all.slots.find(stream.index); found != all.slots.end()) {
      all.forget(found->second);
    }
  }
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
