// Failures of host code that a stream's thread has called, kept for who waits for the stream.
//
// They are not thrown there: after an exception MLX drops the tasks of that stream, those included that count
// others as done, and once some are missing every evaluation of the process waits for them (mlx/scheduler.h,
// wait_for_one).
#pragma once

#include <string>

#include "internal.h"

namespace rlx_mlx {

// Counts a callback on a stream, where a failure then has a place. Throws when memory runs out.
void add_callback(const mx::Stream& stream);
// No longer counts one.
void remove_callback() noexcept;

// Keeps the first failure on a stream; without its text, if there is no memory for that.
void keep_failure(const mx::Stream& stream, const char* text) noexcept;

// Whether one is kept: what comes after it on the stream computes with nothing.
bool is_failing(const mx::Stream& stream) noexcept;

// Forgets the failures on these streams.
void forget_failures(const std::vector<mx::Stream>& streams) noexcept;

// The same, and throws the first of them.
void tell_failures(const std::vector<mx::Stream>& streams);

// The streams on which evaluating `arrays` calls host code: that of this thread if it has entered one, which is then the
// only one that it may use, else those of the callbacks that are found in the graph.
std::vector<mx::Stream> callback_streams(const std::vector<mx::array>& arrays);

constexpr const char* CALLBACK_NAME = "HostCallback";

}  // namespace rlx_mlx
