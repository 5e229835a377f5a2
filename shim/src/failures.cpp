#include "failures.h"

#include <map>
#include <mutex>
#include <string_view>
#include <unordered_set>

#include "mlx/primitives.h"

namespace rlx_mlx {

namespace {

// The callbacks that there are: without any, no graph is searched.
std::atomic<size_t> callbacks{0};

// By the index of a stream its failure, if it is failing. Runs without failures look at the count of those alone.
struct Kept {
  std::mutex mutex;
  std::map<int, std::optional<std::string>> failures;
  std::atomic<size_t> failing{0};

  // The failure of a stream, or NULL.
  std::optional<std::string>* of(const mx::Stream& stream) {
    const auto found = failures.find(stream.index);
    return found != failures.end() && found->second ? &found->second : nullptr;
  }

  void forget(std::optional<std::string>& failure) {
    failure.reset();
    failing.fetch_sub(1);
  }
};

Kept& kept() {
  static auto* all = new Kept;
  return *all;
}

}  // namespace

void add_callback(const mx::Stream& stream) {
  auto& all = kept();
  std::lock_guard lock(all.mutex);
  all.failures.try_emplace(stream.index);
  callbacks.fetch_add(1);
}

void remove_callback() noexcept {
  callbacks.fetch_sub(1);
}

void keep_failure(const mx::Stream& stream, const char* text) noexcept {
  auto& all = kept();
  std::lock_guard lock(all.mutex);
  const auto place = all.failures.find(stream.index);
  if (place == all.failures.end() || place->second) {
    return;
  }
  auto& failure = place->second.emplace();
  all.failing.fetch_add(1);
  try {
    failure = text;
  } catch (const std::bad_alloc&) {
    // That there is one is noted.
  }
}

bool is_failing(const mx::Stream& stream) noexcept {
  auto& all = kept();
  if (all.failing.load() == 0) {
    return false;
  }
  std::lock_guard lock(all.mutex);
  return all.of(stream) != nullptr;
}

void tell_failures(const std::vector<mx::Stream>& streams) {
  auto& all = kept();
  if (streams.empty() || all.failing.load() == 0) {
    return;
  }
  std::optional<std::string> first;
  {
    std::lock_guard lock(all.mutex);
    for (const auto& stream : streams) {
      if (auto* failure = all.of(stream)) {
        if (!first) {
          first = std::move(*failure);
        }
        all.forget(*failure);
      }
    }
  }
  if (first) {
    throw std::runtime_error(first->empty() ? "host callback: no memory was left to say why it failed" : *first);
  }
}

void forget_failures(const std::vector<mx::Stream>& streams) noexcept {
  auto& all = kept();
  std::lock_guard lock(all.mutex);
  for (const auto& stream : streams) {
    if (auto* failure = all.of(stream)) {
      all.forget(*failure);
    }
  }
}

std::vector<mx::Stream> callback_streams(const std::vector<mx::array>& arrays) {
  if (callbacks.load() == 0) {
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
