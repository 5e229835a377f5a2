#include <cstdint>
#include <limits>

#include "source.h"

using namespace rlx_mlx;

namespace {

// One thread for each element of x: it visits the windows that hold the element and takes the gradient of those that it
// wins. So every element is written once, without atomics, in a fixed order.
constexpr const char* MAXPOOL_BACKWARD = R"(
  const int wi = int(thread_position_in_grid.x);
  const int hi = int(thread_position_in_grid.y);
  const ulong plane = thread_position_in_grid.z;
  const device T* image = x + plane * ulong(H) * ulong(W);
  const device T* gradient = dy + plane * ulong(H_OUT) * ulong(W_OUT);
  const int ho_first = max(0, (hi + PH - KH + SH) / SH);
  const int wo_first = max(0, (wi + PW - KW + SW) / SW);
  float sum = 0.0f;
  for (int ho = ho_first; ho < H_OUT && ho * SH - PH <= hi; ++ho) {
    for (int wo = wo_first; wo < W_OUT && wo * SW - PW <= wi; ++wo) {
      int best_h = -1;
      int best_w = -1;
      float best = 0.0f;
      for (int kh = 0; kh < KH; ++kh) {
        for (int kw = 0; kw < KW; ++kw) {
          const int h = ho * SH - PH + kh;
          const int w = wo * SW - PW + kw;
          if (h < 0 || h >= H || w < 0 || w >= W) {
            continue;
          }
          const float value = float(image[ulong(h) * ulong(W) + ulong(w)]);
          if (best_h < 0 || (!isnan(best) && (isnan(value) || value > best))) {
            best = value;
            best_h = h;
            best_w = w;
          }
        }
      }
      if (best_h == hi && best_w == wi) {
        sum += float(gradient[ulong(ho) * ulong(W_OUT) + ulong(wo)]);
      }
    }
  }
  dx[(plane * ulong(H) + ulong(hi)) * ulong(W) + ulong(wi)] = T(sum);
)";

void check_extent(const char* name, int size, int window, int stride, int pad, int out) {
  if (size < 1 || window < 1 || stride < 1 || pad < 0 || pad >= window) {
    throw Failure(RLX_MLX_ERR_BAD_SHAPE, std::string("extent, window, stride or padding of ") + name);
  }
  const int64_t room = int64_t{size} + 2 * int64_t{pad} - window;
  if (room < 0 || room / stride + 1 != out) {
    throw Failure(RLX_MLX_ERR_BAD_SHAPE, std::string(name) + "_out is " + std::to_string(out) + ", the window gives " +
                                             std::to_string(room < 0 ? 0 : room / stride + 1));
  }
}

void check_array(const char* name, const mx::array& a, const mx::Shape& expected) {
  if (a.shape() != expected) {
    throw Failure(RLX_MLX_ERR_BAD_SHAPE, std::string(name) + " has another shape than the numbers say");
  }
}

}  // namespace

extern "C" {

int rlx_mlx_op_maxpool2d_backward_metal(rlx_mlx_array_t* x, rlx_mlx_array_t* dy, int n, int c, int h, int w, int h_out,
                                        int w_out, int kh, int kw, int sh, int sw, int ph, int pw,
                                        rlx_mlx_array_t** out) {
  return produce(__func__, out, [&] {
    const auto& image = in(x, "x");
    const auto& gradient = in(dy, "dy");
    check_array("x", image, {n, c, h, w});
    check_array("dy", gradient, {n, c, h_out, w_out});
    check_extent("h", h, kh, sh, ph, h_out);
    check_extent("w", w, kw, sw, pw, w_out);
    const int64_t planes = int64_t{n} * c;
    if (planes < 1 || planes > std::numeric_limits<int>::max()) {
      throw Failure(RLX_MLX_ERR_BAD_SHAPE, std::to_string(planes) + " planes (n times c)");
    }
    const auto dtype = image.dtype();
    if (dtype != gradient.dtype() || (dtype != mx::float32 && dtype != mx::float16 && dtype != mx::bfloat16)) {
      throw Failure(RLX_MLX_ERR_BAD_DTYPE, "x and dy are to be of one of f32, f16 and bf16");
    }
    const Kernel kernel{Language::metal, "rlx_maxpool2d_backward", MAXPOOL_BACKWARD, "", {"x", "dy"}, {"dx"}};
    const rlx_mlx_template_arg_t args[] = {
        {"T", RLX_MLX_TEMPLATE_DTYPE, static_cast<int>(code_of(dtype))},
        {"H", RLX_MLX_TEMPLATE_INT, h},
        {"W", RLX_MLX_TEMPLATE_INT, w},
        {"H_OUT", RLX_MLX_TEMPLATE_INT, h_out},
        {"W_OUT", RLX_MLX_TEMPLATE_INT, w_out},
        {"KH", RLX_MLX_TEMPLATE_INT, kh},
        {"KW", RLX_MLX_TEMPLATE_INT, kw},
        {"SH", RLX_MLX_TEMPLATE_INT, sh},
        {"SW", RLX_MLX_TEMPLATE_INT, sw},
        {"PH", RLX_MLX_TEMPLATE_INT, ph},
        {"PW", RLX_MLX_TEMPLATE_INT, pw},
    };
    const rlx_mlx_launch_t launch{
        {w, h, static_cast<int>(planes)}, {w < 16 ? w : 16, h < 16 ? h : 16, 1}, args, std::size(args), 0, 0};
    const OutputTypes types{{image.shape()}, {dtype}};
    return handle(dispatch(kernel, launch, {image, gradient}, types).at(0));
  });
}

}  // extern "C"
