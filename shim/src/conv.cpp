#include <algorithm>
#include <limits>

#include "operands.h"

using namespace rlx_mlx;

namespace {

struct Window {
  std::vector<int> stride, padding_lo, padding_hi, kernel_dilation, input_dilation;
  int groups = 1;
  bool flip = false;
};

void need_at_least(const std::vector<int>& values, int least, const char* name) {
  for (const int value : values) {
    if (value < least) {
      bad_shape(std::string(name) + " " + std::to_string(value) + " is below " + std::to_string(least));
    }
  }
}

int narrow(int64_t value, const char* name) {
  if (value < std::numeric_limits<int>::min() || value > std::numeric_limits<int>::max()) {
    bad_shape(std::string(name) + " overflows");
  }
  return static_cast<int>(value);
}

// How many elements a negative padding cuts off an axis that is dilated by `dilation`; what it cuts too much becomes
// the padding again. (MLX cuts before it dilates.)
int cut(int& padding, int dilation) {
  if (padding >= 0) {
    return 0;
  }
  const int64_t elements = (-static_cast<int64_t>(padding) + dilation - 1) / dilation;
  padding = static_cast<int>(elements * dilation + padding);
  return narrow(elements, "a padding");
}

void check(const mx::array& x, const mx::array& w, const Window& window, size_t axes) {
  need_floating(x, "input");
  need_floating(w, "weight");
  if (x.ndim() != axes + 2 || w.ndim() != axes + 2 || axes < 1 || axes > 3) {
    bad_shape("input " + text(x.shape()) + " and weight " + text(w.shape()) + " for " + std::to_string(axes) +
              " spatial axes");
  }
  need_at_least(window.stride, 1, "stride");
  need_at_least(window.kernel_dilation, 1, "dilation");
  need_at_least(window.input_dilation, 1, "input dilation");
  need_at_least({window.groups}, 1, "groups");
  const int64_t channels = static_cast<int64_t>(w.shape(-1)) * window.groups;
  if (x.shape(-1) != channels || channels == 0 || w.shape(0) == 0 || w.shape(0) % window.groups != 0) {
    bad_shape("input " + text(x.shape()) + " and weight " + text(w.shape()) + " with " + std::to_string(window.groups) +
              " groups");
  }
}

// Zeros between the elements of an axis.
mx::array dilate(const mx::array& x, int axis, int dilation, mx::StreamOrDevice s) {
  const int extent = x.shape(axis);
  auto spread = x.shape();
  spread[axis] = extent_of(static_cast<int64_t>(extent) * dilation);
  const auto zero = mx::array(0, x.dtype());
  const auto wide = mx::pad(mx::expand_dims(x, axis + 1, s), {axis + 1}, {0}, {dilation - 1}, zero, "constant", s);
  auto stop = spread;
  stop[axis] = 1 + dilation * (extent - 1);
  return mx::slice(mx::reshape(wide, spread, s), mx::Shape(stop.size(), 0), stop, s);
}

// f64, which MLX has for the simplest convolutions only: one matrix product for each element of the kernel. `x` is
// dilated and padded already.
mx::array sum_of_taps(const mx::array& x, const mx::array& w, const Window& window, mx::StreamOrDevice s) {
  const size_t axes = window.stride.size();
  const int groups = window.groups, in_each = w.shape(-1), out_each = w.shape(0) / groups;
  mx::Shape result = x.shape();
  int taps = 1, places = x.shape(0);
  for (size_t i = 0; i < axes; ++i) {
    result[i + 1] = (x.shape(i + 1) - 1 - window.kernel_dilation[i] * (w.shape(i + 1) - 1)) / window.stride[i] + 1;
    places = extent_of(static_cast<int64_t>(places) * result[i + 1]);
    taps = extent_of(static_cast<int64_t>(taps) * w.shape(i + 1));
  }
  result.back() = w.shape(0);
  mx::Shape strides(x.ndim(), 1);
  std::copy(window.stride.begin(), window.stride.end(), strides.begin() + 1);
  // [taps, groups, in, out] and, for each tap, [groups, places, in].
  const auto split_weight = mx::reshape(w, {groups, out_each, taps, in_each}, s);
  const auto kernels = mx::transpose(split_weight, {2, 0, 3, 1}, s);
  std::optional<mx::array> sum;
  for (int tap = 0; tap < taps; ++tap) {
    mx::Shape start(x.ndim(), 0), stop = x.shape();
    int rest = tap;
    for (size_t i = axes; i-- > 0;) {
      const int extent = w.shape(i + 1), place = rest % extent;
      rest /= extent;
      start[i + 1] = window.kernel_dilation[i] * (window.flip ? extent - 1 - place : place);
      stop[i + 1] = start[i + 1] + window.stride[i] * (result[i + 1] - 1) + 1;
    }
    const auto seen = mx::reshape(mx::slice(x, start, stop, strides, s), {places, groups, in_each}, s);
    const auto term = mx::matmul(mx::swapaxes(seen, 0, 1, s), mx::take(kernels, tap, 0, s), s);
    sum = sum ? mx::add(*sum, term, s) : term;
  }
  return mx::reshape(mx::swapaxes(*sum, 0, 1, s), result, s);
}

mx::array in_f64(mx::array x, const mx::array& w, const Window& window, mx::StreamOrDevice s) {
  x = mx::astype(x, mx::float64, s);
  std::vector<std::pair<int, int>> widths(x.ndim(), {0, 0});
  for (size_t i = 0; i < window.stride.size(); ++i) {
    if (window.input_dilation[i] > 1) {
      x = dilate(x, static_cast<int>(i) + 1, window.input_dilation[i], s);
    }
    widths[i + 1] = {window.padding_lo[i], window.padding_hi[i]};
  }
  x = mx::pad(x, widths, mx::array(0, x.dtype()), "constant", s);
  return sum_of_taps(x, mx::astype(w, mx::float64, s), window, s);
}

mx::array convolve(const mx::array& input, const mx::array& w, Window window) {
  const auto s = here();
  const size_t axes = window.stride.size();
  check(input, w, window, axes);
  mx::Shape start(input.ndim(), 0), stop = input.shape();
  bool smaller = false;
  // How large the matrix is that the CPU makes of what all windows see.
  double unfolded = static_cast<double>(input.shape(0)) * input.shape(-1);
  for (size_t i = 0; i < axes; ++i) {
    const int dilation = window.input_dilation[i];
    const int64_t kernel = 1 + static_cast<int64_t>(window.kernel_dilation[i]) * (w.shape(i + 1) - 1);
    const int64_t wide = 1 + static_cast<int64_t>(dilation) * (input.shape(i + 1) - 1);
    const int64_t padded = wide + window.padding_lo[i] + window.padding_hi[i];
    if (w.shape(i + 1) == 0 || input.shape(i + 1) == 0 || padded < kernel) {
      bad_shape("spatial axis " + std::to_string(i) + " has " + std::to_string(padded) + " elements for a kernel of " +
                std::to_string(kernel));
    }
    narrow(padded, "a spatial axis");
    narrow(kernel, "the kernel");
    unfolded *= static_cast<double>((padded - kernel) / window.stride[i] + 1) * w.shape(i + 1);
    // On an axis that only padding remains of, nothing is left to cut.
    const int low = cut(window.padding_lo[i], dilation), high = cut(window.padding_hi[i], dilation);
    if (static_cast<int64_t>(low) + high >= input.shape(i + 1)) {
      bad_shape("negative paddings leave nothing of spatial axis " + std::to_string(i));
    }
    start[i + 1] = low;
    stop[i + 1] -= high;
    smaller |= low + high > 0;
  }
  auto x = smaller ? mx::slice(input, start, stop, s) : input;
  if (mx::promote_types(x.dtype(), w.dtype()) == mx::float64) {
    return in_f64(x, w, window, s);
  }
  // The CPU has matrix products for an input without holes, which take up to half a GiB here.
  const bool fill_holes = on_cpu() && unfolded <= 1 << 27;
  for (size_t i = 0; fill_holes && i < axes; ++i) {
    if (window.input_dilation[i] > 1) {
      x = dilate(x, static_cast<int>(i) + 1, window.input_dilation[i], s);
      window.input_dilation[i] = 1;
    }
  }
  const auto one = [&](const mx::array& a, const mx::array& b, int groups) {
    return mx::conv_general(a, b, window.stride, window.padding_lo, window.padding_hi, window.kernel_dilation,
                            window.input_dilation, groups, window.flip, s);
  };
  // MLX has no groups over three spatial axes; over fewer, its CPU has those products for one group alone, and a kernel
  // for groups of one channel.
  const bool has_groups = axes < 3 && (!on_cpu() || w.shape(-1) == 1);
  if (window.groups == 1 || has_groups) {
    return one(x, w, window.groups);
  }
  const auto channels = mx::split(x, window.groups, -1, s);
  const auto kernels = mx::split(w, window.groups, 0, s);
  std::vector<mx::array> parts;
  for (size_t i = 0; i < channels.size(); ++i) {
    parts.push_back(one(channels[i], kernels[i], 1));
  }
  return mx::concatenate(std::move(parts), -1, s);
}

mx::array plain(const mx::array& x, const mx::array& w, std::vector<int> stride, std::vector<int> padding,
                std::vector<int> dilation, int groups) {
  need_at_least(padding, 0, "padding");
  std::vector<int> ones(stride.size(), 1);
  return convolve(x, w, {std::move(stride), padding, padding, std::move(dilation), std::move(ones), groups, false});
}

mx::array transposed(const mx::array& x, const mx::array& w, std::vector<int> stride, std::vector<int> padding,
                     std::vector<int> dilation, std::vector<int> output_padding, int groups) {
  const size_t axes = stride.size();
  need_at_least(padding, 0, "padding");
  need_at_least(output_padding, 0, "output padding");
  if (w.ndim() != axes + 2) {
    bad_shape("weight " + text(w.shape()) + " for " + std::to_string(axes) + " spatial axes");
  }
  std::vector<int> low, high;
  for (size_t i = 0; i < axes; ++i) {
    const int64_t edge = static_cast<int64_t>(dilation[i]) * (w.shape(i + 1) - 1) - padding[i];
    low.push_back(narrow(edge, "the padding"));
    high.push_back(narrow(edge + output_padding[i], "the padding"));
  }
  // A stride of the transposed convolution dilates its input, and the kernel runs backward.
  std::vector<int> ones(axes, 1);
  return convolve(x, w, {std::move(ones), low, high, std::move(dilation), std::move(stride), groups, true});
}

std::vector<int> spread(const int* values, size_t count, size_t axes, int fill, const char* name) {
  auto list = ints_of(values, count, name);
  if (list.size() != 0 && list.size() != 1 && list.size() != axes) {
    bad_shape(std::to_string(count) + " values of " + name + " for " + std::to_string(axes) + " spatial axes");
  }
  return list.size() == axes && axes > 0 ? list : std::vector<int>(axes, list.empty() ? fill : list[0]);
}

}  // namespace

extern "C" {

int rlx_mlx_op_conv1d(rlx_mlx_array_t* input, rlx_mlx_array_t* weight, int stride, int padding, int dilation,
                      int groups, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    return handle(plain(in(input, "input"), in(weight, "weight"), {stride}, {padding}, {dilation}, groups));
  });
}

int rlx_mlx_op_conv2d(rlx_mlx_array_t* input, rlx_mlx_array_t* weight, int stride_h, int stride_w, int pad_h, int pad_w,
                      int dil_h, int dil_w, int groups, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    return handle(
        plain(in(input, "input"), in(weight, "weight"), {stride_h, stride_w}, {pad_h, pad_w}, {dil_h, dil_w}, groups));
  });
}

int rlx_mlx_op_conv3d(rlx_mlx_array_t* input, rlx_mlx_array_t* weight, int stride_d, int stride_h, int stride_w,
                      int pad_d, int pad_h, int pad_w, int dil_d, int dil_h, int dil_w, int groups,
                      rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    return handle(plain(in(input, "input"), in(weight, "weight"), {stride_d, stride_h, stride_w}, {pad_d, pad_h, pad_w},
                        {dil_d, dil_h, dil_w}, groups));
  });
}

int rlx_mlx_op_conv_general(rlx_mlx_array_t* input, rlx_mlx_array_t* weight, const int* stride, size_t stride_n,
                            const int* padding_lo, size_t padding_lo_n, const int* padding_hi, size_t padding_hi_n,
                            const int* kernel_dilation, size_t kernel_dilation_n, const int* input_dilation,
                            size_t input_dilation_n, int groups, int flip, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& x = in(input, "input");
    const auto& w = in(weight, "weight");
    need_rank(x, 3, "input");
    const size_t axes = x.ndim() - 2;
    Window window;
    window.stride = spread(stride, stride_n, axes, 1, "stride");
    window.padding_lo = spread(padding_lo, padding_lo_n, axes, 0, "padding_lo");
    window.padding_hi = spread(padding_hi, padding_hi_n, axes, 0, "padding_hi");
    window.kernel_dilation = spread(kernel_dilation, kernel_dilation_n, axes, 1, "kernel_dilation");
    window.input_dilation = spread(input_dilation, input_dilation_n, axes, 1, "input_dilation");
    window.groups = groups;
    window.flip = flip != 0;
    return handle(convolve(x, w, std::move(window)));
  });
}

int rlx_mlx_op_conv_transpose1d(rlx_mlx_array_t* input, rlx_mlx_array_t* weight, int stride, int padding, int dilation,
                                int output_padding, int groups, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    return handle(transposed(in(input, "input"), in(weight, "weight"), {stride}, {padding}, {dilation},
                             {output_padding}, groups));
  });
}

int rlx_mlx_op_conv_transpose2d(rlx_mlx_array_t* input, rlx_mlx_array_t* weight, int stride_h, int stride_w, int pad_h,
                                int pad_w, int dil_h, int dil_w, int out_pad_h, int out_pad_w, int groups,
                                rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    return handle(transposed(in(input, "input"), in(weight, "weight"), {stride_h, stride_w}, {pad_h, pad_w},
                             {dil_h, dil_w}, {out_pad_h, out_pad_w}, groups));
  });
}

int rlx_mlx_op_conv_transpose3d(rlx_mlx_array_t* input, rlx_mlx_array_t* weight, int stride_d, int stride_h,
                                int stride_w, int pad_d, int pad_h, int pad_w, int dil_d, int dil_h, int dil_w,
                                int out_pad_d, int out_pad_h, int out_pad_w, int groups, rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    return handle(transposed(in(input, "input"), in(weight, "weight"), {stride_d, stride_h, stride_w},
                             {pad_d, pad_h, pad_w}, {dil_d, dil_h, dil_w}, {out_pad_d, out_pad_h, out_pad_w}, groups));
  });
}

}  // extern "C"
