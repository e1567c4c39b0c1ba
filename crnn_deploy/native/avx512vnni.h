// The INT8 product with AVX-512 VNNI. The AMX level also uses it, for matrices with few rows.
#pragma once

#include "product.h"
#include "vector_avx512.h"

namespace crnn_deploy {
namespace {

struct Avx512Vnni {
  static constexpr int kRows = 4, kNarrow = 6, kWide = 12;
  using Sums = __m512i;
  using Activations = __m512i;
  using Panel = __m512i;
  static Sums start(const int32_t* offsets) { return _mm512_loadu_si512(offsets); }
  static void store(int32_t* to, Sums sums) { _mm512_storeu_si512(to, sums); }
  static Activations broadcast(int32_t bytes) { return _mm512_set1_epi32(bytes); }
  static Panel load(const int8_t* weights) { return _mm512_load_si512(weights); }
  static Sums add_products(Sums sums, Activations a, Panel panel) { return _mm512_dpbusd_epi32(sums, a, panel); }
};

}  // namespace
}  // namespace crnn_deploy
