#include "mlx/io.h"

#include <algorithm>

#include "operands.h"

using namespace rlx_mlx;

struct rlx_mlx_tensors_s : Counted {
  std::vector<std::pair<std::string, mx::array>> arrays;
  std::vector<std::pair<std::string, std::string>> metadata;
};

namespace {

std::string text_in(const char* value, const char* name) {
  return &target(value, name);
}

rlx_mlx_tensors_s& list(rlx_mlx_tensors_t* tensors) {
  return target(tensors, "tensors");
}

template <typename T>
const T& at(const std::vector<T>& items, size_t index) {
  if (index >= items.size()) {
    bad_shape("index " + std::to_string(index) + " of " + std::to_string(items.size()));
  }
  return items[index];
}

template <typename T>
std::vector<std::pair<std::string, T>> sorted(const std::unordered_map<std::string, T>& map) {
  std::vector<std::pair<std::string, T>> items(map.begin(), map.end());
  std::sort(items.begin(), items.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return items;
}

// A list of texts by name, each name once.
template <typename T, typename F>
std::unordered_map<std::string, T> named(const char* const* names, size_t count, const char* what, F&& value) {
  std::unordered_map<std::string, T> map;
  for (size_t i = 0; i < count; ++i) {
    const auto name = text_in(target(names, what) ? names[i] : nullptr, what);
    if (!map.emplace(name, value(i)).second) {
      throw Failure(RLX_MLX_ERR_GENERIC, "\"" + name + "\" appears twice in " + what);
    }
  }
  return map;
}

}  // namespace

extern "C" {

int rlx_mlx_io_load_npy(const char* path, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(mx::load(text_in(path, "path"), cpu_here())); });
}

int rlx_mlx_io_save_npy(const char* path, rlx_mlx_array_t* a) {
  return guarded(__func__, [&] { mx::save(text_in(path, "path"), in(a, "a")); });
}

int rlx_mlx_io_load_safetensors(const char* path, rlx_mlx_tensors_t** out) {
  return produce(__func__, out, [&] {
    const auto loaded = mx::load_safetensors(text_in(path, "path"), cpu_here());
    auto tensors = std::make_unique<rlx_mlx_tensors_s>();
    tensors->arrays = sorted(loaded.first);
    tensors->metadata = sorted(loaded.second);
    return tensors.release();
  });
}

int rlx_mlx_io_save_safetensors(const char* path, const char* const* names, rlx_mlx_array_t* const* arrays, size_t n,
                                const char* const* metadata_keys, const char* const* metadata_values,
                                size_t n_metadata) {
  return guarded(__func__, [&] {
    const auto file = text_in(path, "path");
    const auto values = arrays_of(arrays, n, "arrays");
    for (const auto& value : values) {
      if (value.dtype() == mx::float64) {
        bad_dtype("f64 arrays are not written");
      }
    }
    auto tensors = named<mx::array>(names, n, "names", [&](size_t i) { return values[i]; });
    auto metadata = named<std::string>(metadata_keys, n_metadata, "metadata_keys", [&](size_t i) {
      return text_in(target(metadata_values, "metadata_values") ? metadata_values[i] : nullptr, "metadata_values");
    });
    mx::save_safetensors(file, std::move(tensors), std::move(metadata));
  });
}

int rlx_mlx_tensors_count(rlx_mlx_tensors_t* tensors, size_t* out) {
  return guarded(__func__, [&] { target(out) = list(tensors).arrays.size(); });
}

int rlx_mlx_tensors_name(rlx_mlx_tensors_t* tensors, size_t index, const char** out) {
  return produce(__func__, out, [&] { return at(list(tensors).arrays, index).first.c_str(); });
}

int rlx_mlx_tensors_get(rlx_mlx_tensors_t* tensors, size_t index, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] { return handle(at(list(tensors).arrays, index).second); });
}

int rlx_mlx_tensors_find(rlx_mlx_tensors_t* tensors, const char* name, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto wanted = text_in(name, "name");
    for (const auto& [key, value] : list(tensors).arrays) {
      if (key == wanted) {
        return handle(value);
      }
    }
    throw Failure(RLX_MLX_ERR_GENERIC, "no array has the name \"" + wanted + "\"");
  });
}

int rlx_mlx_tensors_metadata_count(rlx_mlx_tensors_t* tensors, size_t* out) {
  return guarded(__func__, [&] { target(out) = list(tensors).metadata.size(); });
}

int rlx_mlx_tensors_metadata(rlx_mlx_tensors_t* tensors, size_t index, const char** out_key, const char** out_value) {
  if (out_value) {
    *out_value = nullptr;
  }
  return produce(__func__, out_key, [&] {
    auto& value = target(out_value, "out_value");
    const auto& pair = at(list(tensors).metadata, index);
    value = pair.second.c_str();
    return pair.first.c_str();
  });
}

void rlx_mlx_tensors_free(rlx_mlx_tensors_t* tensors) {
  delete tensors;
}

}  // extern "C"
