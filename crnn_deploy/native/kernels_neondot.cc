// The level for NEON with dot products: ARM processors since 2018, such as Graviton 2 and Apple M1.
#include <arm_neon.h>

#include "cells.h"
#include "product.h"
#include "rows.h"
#include "shares.h"

namespace crnn_deploy {
namespace {

struct Vector128 {
  static constexpr int kWidth = 4;
  using Bits = uint32x4_t;
  float32x4_t v;

  static Vector128 splat(float x) { return {vdupq_n_f32(x)}; }
  static Vector128 load(const float* x) { return {vld1q_f32(x)}; }
  static Vector128 load_first(const float* x, int count) {
    float lanes[kWidth] = {};
    for (int i = 0; i < kWidth && i < count; ++i) lanes[i] = x[i];
    return load(lanes);
  }
  static Vector128 from_int32(const int32_t* x) { return {vcvtq_f32_s32(vld1q_s32(x))}; }
  static Bits no_bits() { return vdupq_n_u32(0); }
  static float magnitude_of(Bits largest) {
    return vgetq_lane_f32(vreinterpretq_f32_u32(vdupq_n_u32(vmaxvq_u32(largest))), 0);
  }
};

inline Vector128 operator+(Vector128 a, Vector128 b) { return {vaddq_f32(a.v, b.v)}; }
inline Vector128 operator-(Vector128 a, Vector128 b) { return {vsubq_f32(a.v, b.v)}; }
inline Vector128 operator*(Vector128 a, Vector128 b) { return {vmulq_f32(a.v, b.v)}; }
inline Vector128 add_product(Vector128 a, Vector128 b, Vector128 c) { return {vfmaq_f32(c.v, a.v, b.v)}; }
inline Vector128 nearest(Vector128 x) { return {vrndnq_f32(x.v)}; }
inline Vector128 times_power_of_two(Vector128 x, Vector128 whole) {
  const float32x4_t in_range = vminq_f32(vdupq_n_f32(127.0f), vmaxq_f32(vdupq_n_f32(-127.0f), whole.v));
  const int32x4_t exponent = vaddq_s32(vcvtq_s32_f32(in_range), vdupq_n_s32(127));
  return {vmulq_f32(x.v, vreinterpretq_f32_s32(vshlq_n_s32(exponent, 23)))};
}
inline Vector128 reciprocal(Vector128 x) { return {vdivq_f32(vdupq_n_f32(1.0f), x.v)}; }
inline Vector128 nearly_reciprocal(Vector128 x) { return reciprocal(x); }
inline void store(float* to, Vector128 x) { vst1q_f32(to, x.v); }
inline void store_bytes(uint8_t* to, Vector128 x) {
  const uint16x4_t words = vqmovun_s32(vcvtnq_s32_f32(x.v));
  const uint8x8_t bytes = vqmovn_u16(vcombine_u16(words, words));
  const uint32_t four = vget_lane_u32(vreinterpret_u32_u8(bytes), 0);
  std::memcpy(to, &four, sizeof four);
}
inline uint32x4_t larger_magnitude(uint32x4_t largest, Vector128 x) {
  return vmaxq_u32(largest, vandq_u32(vreinterpretq_u32_f32(x.v), vdupq_n_u32(0x7fffffff)));
}

struct NeonDot {
  static constexpr int kRows = 4, kNarrow = 1, kWide = 2;
  using Sums = int32x4x4_t;
  using Panel = int8x16x4_t;
  using Activations = int8x16_t;
  // The offsets are not needed, because broadcast() subtracts the 128 from the activations.
  static Sums start(const int32_t*) {
    const int32x4_t zero = vdupq_n_s32(0);
    return {zero, zero, zero, zero};
  }
  static void store(int32_t* to, const Sums& sums) {
    for (int i = 0; i < 4; ++i) vst1q_s32(to + 4 * i, sums.val[i]);
  }
  static Activations broadcast(int32_t bytes) {
    return vreinterpretq_s8_u32(vdupq_n_u32(static_cast<uint32_t>(bytes) ^ 0x80808080u));
  }
  static Panel load(const int8_t* weights) {
    return {vld1q_s8(weights), vld1q_s8(weights + 16), vld1q_s8(weights + 32), vld1q_s8(weights + 48)};
  }
  static Sums add_products(Sums sums, Activations a, const Panel& panel) {
    for (int i = 0; i < 4; ++i) sums.val[i] = vdotq_s32(sums.val[i], panel.val[i], a);
    return sums;
  }
};

}  // namespace

const Kernels* neondot_kernels() {
  static constexpr Kernels kernels{
      "neondot", magnitude<Vector128>, round<Vector128>, to_bytes<Vector128>, multiply<NeonDot>,
      gru<Vector128>, lstm<Vector128>, weigh, largest_share<Vector128>, nullptr, nullptr};
  return &kernels;
}

}  // namespace crnn_deploy
