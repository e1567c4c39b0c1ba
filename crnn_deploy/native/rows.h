// Weighted sums of rows of bytes: both directions of a resize consist of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels.h"

namespace crnn_deploy {
namespace {

// `count` sums, of which compilers keep `kTogether` in registers. The factors are known at compile time, or the loops
// could not become vector instructions.
template <int kTogether>
void weigh_together(const uint8_t* rows, size_t stride, const int32_t* weights, int taps, uint8_t* sums) {
  int32_t total[kTogether];
  for (int32_t& each : total) each = 1 << (kWeightBits - 1);  // a half, so that sums are rounded
  for (int k = 0; k < taps; ++k) {
    const uint8_t* const row = rows + k * stride;
    for (int i = 0; i < kTogether; ++i) total[i] += weights[k] * row[i];
  }
  for (int i = 0; i < kTogether; ++i) sums[i] = static_cast<uint8_t>(std::clamp(total[i] >> kWeightBits, 0, 255));
}

// `Kernels::weigh` of a level: the compiler makes the instructions of the level of it.
void weigh(const uint8_t* rows, size_t stride, const int32_t* weights, int taps, int count, uint8_t* sums) {
  int at = 0;
  for (; at + 64 <= count; at += 64) weigh_together<64>(rows + at, stride, weights, taps, sums + at);
  for (; at + 16 <= count; at += 16) weigh_together<16>(rows + at, stride, weights, taps, sums + at);
  for (; at < count; ++at) weigh_together<1>(rows + at, stride, weights, taps, sums + at);
}

}  // namespace
}  // namespace crnn_deploy
