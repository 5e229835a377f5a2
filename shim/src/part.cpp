#include <algorithm>
#include <cstring>
#include <limits>
#include <span>

#include "elements.h"
#include "operands.h"

using namespace rlx_mlx;

namespace {

// Whether `a` can be written to: one reference, to dense memory that MLX owns.
bool is_exclusive(const mx::array& a) {
  return a.is_donatable() && a.flags().row_contiguous;
}

void check_range(size_t first, size_t count, size_t end, const char* name) {
  if (first > end || count > end - first) {
    bad_shape(std::to_string(count) + " from " + std::to_string(first) + " of " + name + " do not fit into " +
              std::to_string(end));
  }
}

void tell(size_t moved, size_t* out_moved) {
  if (out_moved) {
    *out_moved = moved;
  }
}

// MLX's extents are ints.
int extent(size_t value) {
  if (value > static_cast<size_t>(std::numeric_limits<int>::max())) {
    bad_shape(std::to_string(value) + " elements are too many for a slice update");
  }
  return static_cast<int>(value);
}

mx::array flat(const mx::array& a) {
  return mx::reshape(a, {extent(a.size())}, here());
}

// The array of `h` as a flat one for slice updates, and back. An exclusive one is taken out of the handle, so that MLX
// can change it in place.
template <typename F>
size_t update_on_device(rlx_mlx_array_t* h, F&& changed) {
  const auto shape = h->value.shape();
  const bool in_place = is_exclusive(h->value);
  auto whole = flat(h->value);
  settle(whole);
  if (in_place) {
    h->value = mx::array(0.0F);
  }
  auto result = mx::reshape(changed(std::move(whole)), shape, here());
  settle(result);
  h->value = result;
  return in_place ? 0 : result.nbytes();
}

// The array of `h`, evaluated, dense and in memory that nobody else refers to. Gives the bytes that this took to copy.
size_t make_exclusive(rlx_mlx_array_t* h) {
  if (is_exclusive(h->value)) {
    return 0;
  }
  h->value = dense_copy(h->value);
  return h->value.nbytes();
}

// `from` at elements `first` and on of `to`.
mx::array placed(mx::array to, const mx::array& from, size_t first) {
  return mx::slice_update(to, from, mx::Shape{extent(first)}, mx::Shape{extent(first + from.size())}, here());
}

void write_in_host_memory(rlx_mlx_array_t* h, size_t offset, const void* data, size_t nbytes) {
  auto* bytes = h->value.data<unsigned char>() + offset;
  std::memcpy(bytes, data, nbytes);
  if (h->value.dtype() == mx::bool_) {
    std::transform(bytes, bytes + nbytes, bytes, [](unsigned char byte) { return byte != 0; });
  }
}

size_t write_on_device(rlx_mlx_array_t* h, size_t offset, const void* data, size_t nbytes) {
  // Slice updates are of whole elements; the bytes around an odd range stay what they are.
  const size_t item = h->value.itemsize();
  const size_t first = offset / item;
  const size_t count = (offset + nbytes + item - 1) / item - first;
  std::vector<char> elements(count * item);
  read_part(h->value, first * item, elements.size(), elements.data());
  std::memcpy(elements.data() + (offset - first * item), data, nbytes);
  const auto part = copy_in({extent(count)}, h->value.dtype(), elements.data(), elements.size());
  return update_on_device(h, [&](mx::array whole) { return placed(std::move(whole), part, first); });
}

size_t copy_in_host_memory(rlx_mlx_array_t* h, const rlx_mlx_array_t* source, const rlx_mlx_segment_t* segments,
                           size_t n) {
  // A source that shares the memory makes the target another one, so the two are the same memory or apart.
  const size_t copied = make_exclusive(h);
  const auto& from = source->value;
  const size_t item = from.itemsize();
  size_t moved = 0;
  for (const auto& s : std::span(segments, n)) {
    auto* to = h->value.data<char>() + s.target * item;
    if (source == h) {
      std::memmove(to, from.data<char>() + s.source * item, s.len * item);
    } else {
      read_part(from, s.source * item, s.len * item, to);
    }
    moved += s.len * item;
  }
  return copied + moved;
}

size_t copy_on_device(rlx_mlx_array_t* h, const rlx_mlx_array_t* source, const rlx_mlx_segment_t* segments, size_t n) {
  const bool within = source == h;
  const auto from = within ? std::nullopt : std::optional(flat(source->value));
  size_t moved = 0;
  const size_t copied = update_on_device(h, [&](mx::array whole) {
    for (const auto& s : std::span(segments, n)) {
      const auto& origin = from ? *from : whole;
      const auto part = mx::slice(origin, {extent(s.source)}, {extent(s.source + s.len)}, here());
      // A piece of the array itself is a view of it, for which MLX copies the whole.
      moved += within ? whole.nbytes() : part.nbytes();
      whole = placed(std::move(whole), part, s.target);
    }
    return whole;
  });
  return copied + moved;
}

}  // namespace

extern "C" {

int rlx_mlx_part_read(rlx_mlx_array_t* h, size_t offset, void* dst, size_t nbytes) {
  return guarded(__func__, [&] {
    auto value = in(h, "h");
    check_range(offset, nbytes, value.nbytes(), "h");
    if (nbytes > 0 && !dst) {
      throw Failure(RLX_MLX_ERR_NULL, "dst is NULL");
    }
    settle(value);
    read_part(value, offset, nbytes, dst);
  });
}

int rlx_mlx_part_write(rlx_mlx_array_t* h, size_t offset, const void* data, size_t nbytes, int in_host_memory,
                       size_t* out_moved) {
  return guarded(__func__, [&] {
    check_range(offset, nbytes, in(h, "h").nbytes(), "h");
    if (nbytes > 0 && !data) {
      throw Failure(RLX_MLX_ERR_NULL, "data is NULL");
    }
    settle(h->value);
    size_t moved = 0;
    if (nbytes > 0 && in_host_memory) {
      moved = make_exclusive(h);
      write_in_host_memory(h, offset, data, nbytes);
    } else if (nbytes > 0) {
      moved = write_on_device(h, offset, data, nbytes);
    }
    tell(moved, out_moved);
  });
}

int rlx_mlx_part_copy(rlx_mlx_array_t* h, rlx_mlx_array_t* source, const rlx_mlx_segment_t* segments, size_t n_segments,
                      int in_host_memory, size_t* out_moved) {
  return guarded(__func__, [&] {
    if (in(h, "h").dtype() != in(source, "source").dtype()) {
      bad_dtype("h and source have different dtypes");
    }
    if (n_segments > 0 && !segments) {
      throw Failure(RLX_MLX_ERR_NULL, "segments is NULL");
    }
    for (const auto& s : std::span(segments, n_segments)) {
      check_range(s.source, s.len, source->value.size(), "source");
      check_range(s.target, s.len, h->value.size(), "h");
    }
    settle(h->value);
    settle(source->value);
    size_t moved = 0;
    if (n_segments > 0) {
      moved = in_host_memory ? copy_in_host_memory(h, source, segments, n_segments)
                             : copy_on_device(h, source, segments, n_segments);
    }
    tell(moved, out_moved);
  });
}

}  // extern "C"
