// What MLX itself takes for the graph of the benchmark `hot_path`: two one-element arrays from host memory, their sum
// evaluated on the default stream, and read. Prints the median of one second in microseconds.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

#include "mlx/array.h"
#include "mlx/ops.h"
#include "mlx/transforms.h"

namespace mx = mlx::core;
using Clock = std::chrono::steady_clock;

int main() {
  const float a = 1.5F, b = 2.0F;
  std::vector<double> times;
  const auto start = Clock::now();
  for (auto begin = start; begin - start < std::chrono::seconds(1); begin = Clock::now()) {
    const mx::array x(&a, {1}), y(&b, {1});
    auto sum = mx::add(x, y);
    mx::eval(sum);
    if (*sum.data<float>() != 3.5F) {
      std::fputs("the sum is wrong\n", stderr);
      return 1;
    }
    times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
  }
  std::nth_element(times.begin(), times.begin() + times.size() / 2, times.end());
  std::printf("%.3f\n", times[times.size() / 2]);
}
