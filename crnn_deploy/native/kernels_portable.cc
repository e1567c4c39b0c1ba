// The level for every processor, in plain C++. Compilers turn its loops over 16 lanes into vector instructions.
#include <cmath>

#include "cells.h"
#include "pixels.h"
#include "product.h"
#include "rows.h"
#include "shares.h"

namespace crnn_deploy {
namespace {

constexpr int kLanes = 16;

struct PortableVector {
  static constexpr int kWidth = kLanes;
  struct Bits {
    uint32_t largest;
  };
  float v[kLanes];

  static PortableVector splat(float x) {
    PortableVector result;
    for (float& lane : result.v) lane = x;
    return result;
  }
  static PortableVector load_first(const float* x, int count) {
    PortableVector result = splat(0.0f);
    for (int i = 0; i < kLanes && i < count; ++i) result.v[i] = x[i];
    return result;
  }
  static PortableVector load(const float* x) { return load_first(x, kLanes); }
  static PortableVector from_int32(const int32_t* x) {
    PortableVector result;
    for (int i = 0; i < kLanes; ++i) result.v[i] = static_cast<float>(x[i]);
    return result;
  }
  static PortableVector from_bytes(const uint8_t* x) {
    PortableVector result;
    for (int i = 0; i < kLanes; ++i) result.v[i] = static_cast<float>(x[i]);
    return result;
  }
  static Bits no_bits() { return {0}; }
  static float magnitude_of(Bits bits) {
    float largest;
    std::memcpy(&largest, &bits.largest, sizeof largest);
    return largest;
  }
};

template <class Operation>
PortableVector each(Operation operation) {
  PortableVector result;
  for (int i = 0; i < kLanes; ++i) result.v[i] = operation(i);
  return result;
}

using V = PortableVector;
V operator+(const V& a, const V& b) { return each([&](int i) { return a.v[i] + b.v[i]; }); }
V operator-(const V& a, const V& b) { return each([&](int i) { return a.v[i] - b.v[i]; }); }
V operator*(const V& a, const V& b) { return each([&](int i) { return a.v[i] * b.v[i]; }); }
V add_product(const V& a, const V& b, const V& c) { return each([&](int i) { return a.v[i] * b.v[i] + c.v[i]; }); }
V nearest(const V& x) { return each([&](int i) { return std::nearbyint(x.v[i]); }); }
V times_power_of_two(const V& x, const V& whole) {
  return each([&](int i) {
    const float exponent = whole.v[i] > -127.0f ? (whole.v[i] < 127.0f ? whole.v[i] : 127.0f) : -127.0f;  // NaN: -127
    const uint32_t bits = static_cast<uint32_t>(static_cast<int32_t>(exponent) + 127) << 23;
    float power;
    std::memcpy(&power, &bits, sizeof power);
    return x.v[i] * power;
  });
}
V reciprocal(const V& x) { return each([&](int i) { return 1.0f / x.v[i]; }); }
V nearly_reciprocal(const V& x) { return reciprocal(x); }
void store(float* to, const V& x) { std::memcpy(to, x.v, sizeof x.v); }
void store_bytes(uint8_t* to, const V& x) {
  for (int i = 0; i < kLanes; ++i)
    to[i] = x.v[i] > 0.0f ? static_cast<uint8_t>(std::nearbyint(x.v[i] < 255.0f ? x.v[i] : 255.0f)) : 0;  // NaN: 0
}
V::Bits larger_magnitude(V::Bits bits, const V& x) {
  for (float lane : x.v) {
    uint32_t magnitude;
    std::memcpy(&magnitude, &lane, sizeof magnitude);
    magnitude &= 0x7fffffffu;
    if (magnitude > bits.largest) bits.largest = magnitude;
  }
  return bits;
}

struct Portable {
  static constexpr int kRows = 2, kNarrow = 1, kWide = 2;
  struct Sums {
    int32_t v[kPanel];
  };
  using Panel = const int8_t*;
  struct Activations {
    uint8_t v[kDot];
  };
  static Sums start(const int32_t* offsets) {
    Sums sums;
    std::memcpy(sums.v, offsets, sizeof sums.v);
    return sums;
  }
  static void store(int32_t* to, const Sums& sums) { std::memcpy(to, sums.v, sizeof sums.v); }
  static Activations broadcast(int32_t bytes) {
    Activations activations;
    std::memcpy(activations.v, &bytes, sizeof activations.v);
    return activations;
  }
  static Panel load(const int8_t* weights) { return weights; }
  static Sums add_products(Sums sums, Activations a, Panel w) {
    for (int column = 0; column < kPanel; ++column)
      for (int k = 0; k < kDot; ++k) sums.v[column] += a.v[k] * w[column * kDot + k];
    return sums;
  }
};

}  // namespace

const Kernels* portable_kernels() {
  static constexpr Kernels kernels{
      "portable", magnitude<V>, round<V>, to_bytes<V>, multiply<Portable>,
      gru<V>, lstm<V>, weigh, largest_share<V>, nullptr, nullptr, 1, nullptr, to_pixels<V>, add_pixels<V>};
  return &kernels;
}

}  // namespace crnn_deploy
