// Failures of host code, kept for who waits for its stream.
//
// They are not thrown where they happen: after an exception MLX drops the tasks of that stream, those included that count
// others as done, and once some are missing every evaluation of the process waits for them (mlx/scheduler.h,
// wait_for_one).
#pragma once

#include <string>

#include "internal.h"

namespace rlx_mlx {

// Keeps the first failure on a stream.
void keep_failure(const mx::Stream& stream, const char* text) noexcept;

// Whether one is kept: what comes after it on the stream computes with nothing.
bool is_failing(const mx::Stream& stream) noexcept;

// Throws the failure on a stream, once.
void tell_failure(const mx::Stream& stream);

// Throws the failure on the stream that this thread has entered; on any, if it has entered none.
void tell_failures();

}  // namespace rlx_mlx
