// Resizes images as the network learnt it: to the bit as Pillow does it, or as OpenCV's INTER_LINEAR.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "spec.h"

namespace crnn {

// Rows of pixels, 8 bits a channel: grey (1), or red, green and blue (3).
struct Pixels {
  Pixels(int width, int height, int channels)
      : width(width), height(height), channels(channels), values(row_size() * height) {}

  std::size_t row_size() const { return std::size_t{1} * width * channels; }
  std::uint8_t* row(int y) { return values.data() + row_size() * y; }
  const std::uint8_t* row(int y) const { return values.data() + row_size() * y; }

  int width;
  int height;
  int channels;
  std::vector<std::uint8_t> values;
};

Pixels resized(const Pixels& image, int width, int height, Filter filter);

// A part of `resized`: OpenCV's INTER_LINEAR, a mean of four pixels also where the image becomes much smaller.
Pixels linear(const Pixels& image, int width, int height);

}  // namespace crnn
