// Checks of shapes, axes and dtypes at call time: MLX leaves some of them to evaluation, some to a crash.
#pragma once

#include <string>
#include <vector>

#include "internal.h"

namespace rlx_mlx {

[[noreturn]] void bad_shape(const std::string& message);
[[noreturn]] void bad_dtype(const std::string& message);

// "[2, 3]".
std::string text(const mx::Shape& shape);
// Refuses complex64 for functions without a complex form.
void no_complex(const mx::array& a);
bool whole_number(mx::Dtype dtype);  // integers and bool

// The shape that both broadcast to.
mx::Shape broadcast_of(const mx::Shape& a, const mx::Shape& b);
// Refuses a shape that does not broadcast to `target`.
void check_broadcast(const mx::Shape& shape, const mx::Shape& target);
// A list of distinct axes of `a`, from 0.
std::vector<int> axes_of(const mx::array& a, const int* axes, size_t count);
// Refuses a list that is not one entry for each axis.
void check_count(size_t count, const mx::array& a, const char* name);
// An extent computed in 64 bits, when it is one.
int extent_of(int64_t extent);
// A computed shape whose element count fits.
mx::Shape fitting(const mx::Shape& shape);

}  // namespace rlx_mlx
