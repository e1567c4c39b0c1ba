// The level for AVX2: processors since 2013.
#include "cells.h"
#include "panels_avx2.h"
#include "product.h"
#include "rows.h"
#include "shares.h"
#include "vector_avx2.h"

namespace crnn_deploy {
namespace {

struct Avx2 : PanelsAvx2 {
  struct Activations {
    __m256i magnitudes, signs;
  };
  // The offsets are not needed, because broadcast() subtracts the 128 from the activations.
  static Sums start(const int32_t*) { return {_mm256_setzero_si256(), _mm256_setzero_si256()}; }
  // `maddubs` multiplies unsigned by signed bytes and adds two products in 16 bits. 2·255·127 would overflow, 2·127·127
  // does not. So 128 is subtracted from the activations, their magnitudes are the unsigned factors, and their signs are
  // applied to the weights.
  static Activations broadcast(int32_t bytes) {
    const __m256i activations = _mm256_set1_epi32(static_cast<int32_t>(static_cast<uint32_t>(bytes) ^ 0x80808080u));
    return {_mm256_abs_epi8(activations), activations};
  }
  static __m256i dot(__m256i sums, const Activations& a, __m256i w) {
    const __m256i pairs = _mm256_maddubs_epi16(a.magnitudes, _mm256_sign_epi8(w, a.signs));
    return _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
  static Sums add_products(Sums sums, const Activations& a, Panel panel) {
    return {dot(sums.low, a, panel.low), dot(sums.high, a, panel.high)};
  }
};

}  // namespace

const Kernels* avx2_kernels() {
  static constexpr Kernels kernels{
      "avx2", magnitude<Vector256>, round<Vector256>, to_bytes<Vector256>, multiply<Avx2>,
      gru<Vector256>, lstm<Vector256>, weigh, largest_share<Vector256>, nullptr, nullptr};
  return &kernels;
}

}  // namespace crnn_deploy
