#include <algorithm>
#include <cmath>

#include "resize.h"

namespace crnn {
namespace {

using std::size_t;
using std::uint8_t;

// The old pixels around the centre of a new one. Weights are whole numbers of 1/2048.
struct Pair {
  int first;
  int second;
  int share;  // of the second one
};

std::vector<Pair> pairs(int old_size, int new_size) {
  std::vector<Pair> found;
  const double scale = static_cast<double>(old_size) / new_size;
  for (int i = 0; i < new_size; ++i) {
    const float last = old_size - 1;
    const float place = std::clamp(static_cast<float>((i + 0.5) * scale - 0.5), 0.0F, last);
    const int first = static_cast<int>(place);
    const double share = std::nearbyint((double{place} - first) * 2048);
    found.push_back({first, std::min(first + 1, old_size - 1), static_cast<int>(share)});
  }
  return found;
}

Pixels halved(const Pixels& image) {
  Pixels result(image.width / 2, image.height / 2, image.channels);
  const size_t channels = image.channels;
  for (int y = 0; y < result.height; ++y) {
    const uint8_t *above = image.row(2 * y), *below = image.row(2 * y + 1);
    for (size_t i = 0; i < result.row_size(); ++i) {
      const size_t at = i / channels * 2 * channels + i % channels;
      const int sum = above[at] + above[at + channels] + below[at] + below[at + channels];
      result.row(y)[i] = static_cast<uint8_t>((sum + 2) >> 2);
    }
  }
  return result;
}

}  // namespace

Pixels linear(const Pixels& image, int width, int height) {
  if (image.width == 2 * width && image.height == 2 * height) return halved(image);
  Pixels result(width, height, image.channels);
  const std::vector<Pair> columns = pairs(image.width, width);
  const auto mixed = [&](int y) {  // a row of the image, as wide as the result
    std::vector<int> row;
    for (const Pair& pair : columns) {
      const uint8_t* first = image.row(y) + pair.first * image.channels;
      const uint8_t* second = image.row(y) + pair.second * image.channels;
      for (int c = 0; c < image.channels; ++c) {
        row.push_back((first[c] * (2048 - pair.share) + second[c] * pair.share) >> 4);
      }
    }
    return row;
  };
  uint8_t* to = result.values.data();
  for (const Pair& pair : pairs(image.height, height)) {
    const std::vector<int> above = mixed(pair.first), below = mixed(pair.second);
    for (size_t i = 0; i < above.size(); ++i) {
      const int sum = ((above[i] * (2048 - pair.share)) >> 16) + ((below[i] * pair.share) >> 16);
      *to++ = static_cast<uint8_t>((sum + 2) >> 2);
    }
  }
  return result;
}

}  // namespace crnn
