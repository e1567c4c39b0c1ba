// Rounding of what convolutions compute, as templates over a vector type (see cells.h). `V` must also provide
//   from_bytes(x)                    converts unsigned bytes
#pragma once

#include <algorithm>

#include "kernels.h"

namespace crnn_deploy {
namespace {

// `Kernels::to_pixels`. What is rounded to a whole number first is what ONNX Runtime rounds: the result is the same.
template <class V>
void to_pixels(const int32_t* sums, int rows, const float* factors, float zero, int count, size_t stride,
               uint8_t* pixels) {
  static_assert(V::kWidth == kPanel);
  const V zeros = V::splat(zero);
  for (int column = 0; column < count; column += kPanel) {
    const V factor = V::load(factors + column);
    const int kept = std::min(kPanel, count - column);
    for (int row = 0; row < rows; ++row) {
      const V pixel = nearest(V::from_int32(sums + row * kColumnsAtOnce + column) * factor) + zeros;
      uint8_t* const to = pixels + row * stride + column;
      if (kept == kPanel) {
        store_bytes(to, pixel);
      } else {
        uint8_t last[kPanel];
        store_bytes(last, pixel);
        std::copy_n(last, kept, to);
      }
    }
  }
}

// `Kernels::add_pixels`.
template <class V>
void add_pixels(const uint8_t* z, float z_factor, float y_factor, float zero, size_t count, uint8_t* y) {
  static_assert(V::kWidth == kPanel);
  const V z_factors = V::splat(z_factor), y_factors = V::splat(y_factor), zeros = V::splat(zero);
  const auto sum = [&](const uint8_t* from_y, const uint8_t* from_z) {
    return add_product(V::from_bytes(from_y), y_factors, add_product(V::from_bytes(from_z), z_factors, zeros));
  };
  size_t at = 0;
  for (; at + kPanel <= count; at += kPanel) store_bytes(y + at, sum(y + at, z + at));
  if (at < count) {
    uint8_t last[2][kPanel] = {};
    std::copy_n(y + at, count - at, last[0]);
    std::copy_n(z + at, count - at, last[1]);
    store_bytes(last[0], sum(last[0], last[1]));
    std::copy_n(last[0], count - at, y + at);
  }
}

}  // namespace
}  // namespace crnn_deploy
