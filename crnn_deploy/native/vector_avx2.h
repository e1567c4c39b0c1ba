// A vector type for cells.h: 8 floats in an AVX register.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace crnn_deploy {
namespace {

struct Vector256 {
  static constexpr int kWidth = 8;
  using Bits = __m256i;
  __m256 v;

  static Vector256 splat(float x) { return {_mm256_set1_ps(x)}; }
  static Vector256 load(const float* x) { return {_mm256_loadu_ps(x)}; }
  static Vector256 load_first(const float* x, int count) {
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return {_mm256_maskload_ps(x, _mm256_cmpgt_epi32(_mm256_set1_epi32(count), lanes))};
  }
  static Vector256 from_int32(const int32_t* x) {
    return {_mm256_cvtepi32_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(x)))};
  }
  static Bits no_bits() { return _mm256_setzero_si256(); }
  static float magnitude_of(Bits largest) {
    __m128i four = _mm_max_epu32(_mm256_castsi256_si128(largest), _mm256_extracti128_si256(largest, 1));
    four = _mm_max_epu32(four, _mm_shuffle_epi32(four, 0x4e));
    four = _mm_max_epu32(four, _mm_shuffle_epi32(four, 0xb1));
    return _mm_cvtss_f32(_mm_castsi128_ps(four));
  }
};

inline Vector256 operator+(Vector256 a, Vector256 b) { return {_mm256_add_ps(a.v, b.v)}; }
inline Vector256 operator-(Vector256 a, Vector256 b) { return {_mm256_sub_ps(a.v, b.v)}; }
inline Vector256 operator*(Vector256 a, Vector256 b) { return {_mm256_mul_ps(a.v, b.v)}; }
inline Vector256 add_product(Vector256 a, Vector256 b, Vector256 c) { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }
inline Vector256 nearest(Vector256 x) {
  return {_mm256_round_ps(x.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
inline Vector256 times_power_of_two(Vector256 x, Vector256 whole) {
  const __m256 in_range = _mm256_min_ps(_mm256_set1_ps(127.0f), _mm256_max_ps(_mm256_set1_ps(-127.0f), whole.v));
  const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(in_range), _mm256_set1_epi32(127));
  return {_mm256_mul_ps(x.v, _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23)))};
}
inline Vector256 reciprocal(Vector256 x) { return {_mm256_div_ps(_mm256_set1_ps(1.0f), x.v)}; }
inline Vector256 nearly_reciprocal(Vector256 x) { return reciprocal(x); }
inline void store(float* to, Vector256 x) { _mm256_storeu_ps(to, x.v); }
inline void store_bytes(uint8_t* to, Vector256 x) {
  // What is larger than 32 bits would be converted to the lowest number.
  const __m256i whole = _mm256_cvtps_epi32(_mm256_min_ps(x.v, _mm256_set1_ps(255.0f)));
  const __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256(whole, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm_packus_epi16(words, words));
}
inline __m256i larger_magnitude(__m256i largest, Vector256 x) {
  return _mm256_max_epu32(largest, _mm256_and_si256(_mm256_castps_si256(x.v), _mm256_set1_epi32(0x7fffffff)));
}

}  // namespace
}  // namespace crnn_deploy
