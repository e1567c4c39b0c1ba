// A vector type for cells.h: 16 floats in an AVX-512 register.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace crnn_deploy {
namespace {

struct Vector512 {
  static constexpr int kWidth = 16;
  using Bits = __m512i;
  __m512 v;

  static Vector512 splat(float x) { return {_mm512_set1_ps(x)}; }
  static Vector512 load(const float* x) { return {_mm512_loadu_ps(x)}; }
  static Vector512 load_first(const float* x, int count) {
    return {_mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1), x)};
  }
  static Vector512 from_int32(const int32_t* x) { return {_mm512_cvtepi32_ps(_mm512_loadu_si512(x))}; }
  static Vector512 from_bytes(const uint8_t* x) {
    return {_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(x))))};
  }
  static Bits no_bits() { return _mm512_setzero_si512(); }
  static float magnitude_of(Bits largest) {
    return _mm_cvtss_f32(_mm_castsi128_ps(_mm_cvtsi32_si128(static_cast<int>(_mm512_reduce_max_epu32(largest)))));
  }
};

inline Vector512 operator+(Vector512 a, Vector512 b) { return {_mm512_add_ps(a.v, b.v)}; }
inline Vector512 operator-(Vector512 a, Vector512 b) { return {_mm512_sub_ps(a.v, b.v)}; }
inline Vector512 operator*(Vector512 a, Vector512 b) { return {_mm512_mul_ps(a.v, b.v)}; }
inline Vector512 add_product(Vector512 a, Vector512 b, Vector512 c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
inline Vector512 nearest(Vector512 x) {
  return {_mm512_roundscale_ps(x.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}
inline Vector512 times_power_of_two(Vector512 x, Vector512 whole) { return {_mm512_scalef_ps(x.v, whole.v)}; }
inline Vector512 reciprocal(Vector512 x) { return {_mm512_div_ps(_mm512_set1_ps(1.0f), x.v)}; }
inline Vector512 nearly_reciprocal(Vector512 x) { return {_mm512_rcp14_ps(x.v)}; }
inline void store(float* to, Vector512 x) { _mm512_storeu_ps(to, x.v); }
inline void store_bytes(uint8_t* to, Vector512 x) {
  // What is larger than 32 bits becomes the largest unsigned number.
  const __m512i whole = _mm512_cvtps_epu32(_mm512_max_ps(x.v, _mm512_setzero_ps()));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtusepi32_epi8(whole));
}
inline __m512i larger_magnitude(__m512i largest, Vector512 x) {
  return _mm512_max_epu32(largest, _mm512_and_si512(_mm512_castps_si512(x.v), _mm512_set1_epi32(0x7fffffff)));
}

}  // namespace
}  // namespace crnn_deploy
