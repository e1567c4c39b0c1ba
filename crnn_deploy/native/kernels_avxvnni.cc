// AVX-VNNI: client processors without AVX-512, such as Intel's Core from 2021 on.
#include "cells.h"
#include "product.h"
#include "vector_avx2.h"

namespace crnn_deploy {
namespace {

struct AvxVnni {
  static constexpr int kRows = 2, kNarrow = 2, kWide = 4;
  struct Sums {
    __m256i low, high;
  };
  using Panel = Sums;
  using Activations = __m256i;
  static Sums start(const int32_t* offsets) {
    return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(offsets)),
            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(offsets + 8))};
  }
  static void store(int32_t* to, const Sums& sums) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), sums.low);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + 8), sums.high);
  }
  static Activations broadcast(int32_t bytes) { return _mm256_set1_epi32(bytes); }
  static Panel load(const int8_t* weights) {
    const __m256i* halves = reinterpret_cast<const __m256i*>(weights);
    return {_mm256_load_si256(halves), _mm256_load_si256(halves + 1)};
  }
  static Sums add_products(Sums sums, Activations a, Panel panel) {
    return {_mm256_dpbusd_avx_epi32(sums.low, a, panel.low), _mm256_dpbusd_avx_epi32(sums.high, a, panel.high)};
  }
};

}  // namespace

const Kernels* avxvnni_kernels() {
  static constexpr Kernels kernels{"avxvnni",       quantize<Vector256>, multiply<AvxVnni>, gru<Vector256>,
                                   lstm<Vector256>, nullptr,             nullptr};
  return &kernels;
}

}  // namespace crnn_deploy
