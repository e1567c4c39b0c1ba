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
      : width(width), height(height), channels(channels), values(row_size() * static_cast<std::size_t>(height)) {}

  std::size_t row_size() const { return static_cast<std::size_t>(width) * static_cast<std::size_t>(channels); }
  std::uint8_t* row(int y) { return values.data() + row_size() * static_cast<std::size_t>(y); }
  const std::uint8_t* row(int y) const { return values.data() + row_size() * static_cast<std::size_t>(y); }

  int width;
  int height;
  int channels;
  std::vector<std::uint8_t> values;
};

Pixels resized(const Pixels& image, int width, int height, Filter filter);

// OpenCV's INTER_LINEAR, which is a part of `resized`: a mean of four pixels, also where the image becomes much smaller.
Pixels linear(const Pixels& image, int width, int height);

}  // namespace crnn
