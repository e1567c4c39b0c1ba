// The level for AVX-VNNI: client processors without AVX-512, such as Intel's Core since 2021.
#include "cells.h"
#include "panels_avx2.h"
#include "product.h"
#include "rows.h"
#include "shares.h"
#include "vector_avx2.h"

namespace crnn_deploy {
namespace {

struct AvxVnni : PanelsAvx2 {
  using Activations = __m256i;
  static Sums start(const int32_t* offsets) { return Halves::load(offsets); }
  static Activations broadcast(int32_t bytes) { return _mm256_set1_epi32(bytes); }
  static Sums add_products(Sums sums, Activations a, Panel panel) {
    return {_mm256_dpbusd_avx_epi32(sums.low, a, panel.low), _mm256_dpbusd_avx_epi32(sums.high, a, panel.high)};
  }
};

}  // namespace

const Kernels* avxvnni_kernels() {
  static constexpr Kernels kernels{
      "avxvnni", magnitude<Vector256>, round<Vector256>, to_bytes<Vector256>, multiply<AvxVnni>,
      gru<Vector256>, lstm<Vector256>, weigh, largest_share<Vector256>, nullptr, nullptr};
  return &kernels;
}

}  // namespace crnn_deploy
