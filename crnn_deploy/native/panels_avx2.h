// 16 columns of INT32, and the 64 bytes of weights that meet 4 bytes of an activation, in two AVX registers each.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace crnn_deploy {
namespace {

struct Halves {
  __m256i low, high;

  static Halves load(const void* from) {
    const __m256i* halves = static_cast<const __m256i*>(from);
    return {_mm256_loadu_si256(halves), _mm256_loadu_si256(halves + 1)};
  }
};

// What two levels' instruction sets share; see product.h.
struct PanelsAvx2 {
  static constexpr int kRows = 2, kNarrow = 2, kWide = 4;
  using Sums = Halves;
  using Panel = Halves;

  static void store(int32_t* to, const Sums& sums) {
    __m256i* halves = reinterpret_cast<__m256i*>(to);
    _mm256_storeu_si256(halves, sums.low);
    _mm256_storeu_si256(halves + 1, sums.high);
  }
  static Panel load(const int8_t* weights) { return Halves::load(weights); }
};

}  // namespace
}  // namespace crnn_deploy
