// A panel in AVX registers: two hold its 16 sums in INT32, and two hold the 64 bytes of weights that are multiplied by
// 4 bytes of activations.
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

// What the levels `avx2` and `avxvnni` have in common; see product.h.
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
