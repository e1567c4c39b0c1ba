#include "network_input.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "resize.h"

namespace crnn {
namespace {

using std::size_t;
using std::uint8_t;

constexpr std::int64_t kMostPixels = std::int64_t{1} << 26;

void check(const Image& image) {
  const int channels = image.channels == Channels::kGrey ? 1 : 3;
  if (image.pixels == nullptr || image.width < 1 || image.height < 1) throw std::invalid_argument("an image is empty");
  if (image.stride < size_t{1} * image.width * channels) {
    throw std::invalid_argument("the stride of an image is less than a row");
  }
  if (std::int64_t{image.width} * image.height > kMostPixels) {
    throw std::invalid_argument("an image has more than 67,108,864 pixels");
  }
}

// As Pillow does it.
uint8_t grey(int red, int green, int blue) {
  return static_cast<uint8_t>((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16);
}

// The image in grey, or in the order red, green, blue.
Pixels picture(const Image& image, bool in_grey) {
  Pixels result(image.width, image.height, in_grey ? 1 : 3);
  const bool from_grey = image.channels == Channels::kGrey;
  const int step = from_grey ? 1 : 3;
  const int red = image.channels == Channels::kBgr ? 2 : 0, green = from_grey ? 0 : 1, blue = from_grey ? 0 : 2 - red;
  for (int y = 0; y < image.height; ++y) {
    const uint8_t* from = image.pixels + image.stride * y;
    uint8_t* to = result.row(y);
    if (from_grey && in_grey) {
      std::copy_n(from, image.width, to);
      continue;
    }
    for (int x = 0; x < image.width; ++x, from += step) {
      if (in_grey) {
        *to++ = grey(from[red], from[green], from[blue]);
      } else {
        for (int channel : {red, green, blue}) *to++ = from[channel];
      }
    }
  }
  return result;
}

Pixels in_grey(const Pixels& image) {
  return picture({image.values.data(), image.width, image.height, image.row_size(), Channels::kRgb}, true);
}

int whole_pixels(double width, Rounding rounding) {
  if (rounding == Rounding::kRound) return static_cast<int>(std::nearbyint(width));  // halves to even numbers
  return static_cast<int>(rounding == Rounding::kCeil ? std::ceil(width) : std::floor(width));
}

struct Size {
  int width;
  int height;
};

// Of the line in the network's input, before padding.
Size resized_size(int width, int height, const Spec& spec) {
  const double most = 1 << 30;
  const double exact = static_cast<double>(std::int64_t{width} * spec.height) / height;
  const int scaled = std::max(1, whole_pixels(std::min(exact, most), spec.width_rounding));
  if (spec.width == 0) return {std::min(spec.max_width, std::max(spec.min_width, scaled)), spec.height};
  const int space = spec.width - 2 * spec.margin;
  if (!spec.keep_ratio) return {space, spec.height};
  if (!spec.letterbox || scaled <= space) return {std::min(space, scaled), spec.height};
  return {space, static_cast<int>(std::max<std::int64_t>(1, std::int64_t{space} * height / width))};
}

int padded_width(int width, const Spec& spec) {
  if (spec.width != 0) return spec.width;
  const int least = std::max(width + 2 * spec.margin, spec.pad_to);
  return (least + spec.width_multiple - 1) / spec.width_multiple * spec.width_multiple;
}

// The line with padding beside and below it.
Pixels padded(const Pixels& line, const Spec& spec) {
  Pixels result(padded_width(line.width, spec), spec.height, line.channels);
  uint8_t* to = result.values.data();
  for (int y = 0; y < result.height; ++y) {
    const uint8_t* row = line.row(std::min(y, line.height - 1));
    for (int x = 0; x < result.width; ++x) {
      const int from = std::clamp(x - spec.margin, 0, line.width - 1);
      const bool inside = y < line.height && from == x - spec.margin;
      const uint8_t* pixel = inside || spec.pad_with_edge ? row + from * line.channels
                                                          : spec.padding.data();
      to = std::copy_n(pixel, line.channels, to);
    }
  }
  return result;
}

float brightness(int level, const Spec& spec) {
  const float fraction = static_cast<float>(level) / 255.0F;
  return spec.invert ? 1 - fraction : fraction;
}

// Mean and deviation of all values of an image, which is not blank enough to divide by nothing.
std::array<float, 2> statistics(const Pixels& image, const Spec& spec) {
  std::array<double, 256> counts{};
  for (uint8_t level : image.values) counts[level] += 1;
  const double total = image.values.size();
  double mean = 0, square = 0;
  for (int level = 0; level < 256; ++level) mean += counts[level] * brightness(level, spec) / total;
  for (int level = 0; level < 256; ++level) {
    const double distance = brightness(level, spec) - mean;
    square += counts[level] * distance * distance / total;
  }
  const double least = 1.0 / 255 / std::sqrt(total);
  return {static_cast<float>(mean), static_cast<float>(std::max(std::sqrt(square), least))};
}

NetworkInput normalised(const Pixels& image, const Spec& spec) {
  NetworkInput input{image.width, std::vector<float>(image.values.size())};
  const std::array<float, 2> own = spec.normalise_by_image ? statistics(image, spec) : std::array<float, 2>{};
  const size_t channels = image.channels;
  float* to = input.values.data();
  for (size_t channel = 0; channel < channels; ++channel) {
    const float mean = spec.normalise_by_image ? own[0] : spec.mean[channel];
    const float deviation = spec.normalise_by_image ? own[1] : spec.std[channel];
    std::array<float, 256> values;
    for (int level = 0; level < 256; ++level) {
      values[level] = (brightness(level, spec) - mean) / deviation;
    }
    for (size_t at = channel; at < image.values.size(); at += channels) *to++ = values[image.values[at]];
  }
  return input;
}

}  // namespace

NetworkInput network_input(const Image& image, const Spec& spec) {
  check(image);
  const bool sees_grey = spec.channels == Channels::kGrey;
  const Pixels plain = picture(image, sees_grey && !spec.grey_last);
  const Size size = resized_size(image.width, image.height, spec);
  Pixels line = resized(plain, size.width, size.height, spec.resize);
  if (sees_grey && spec.grey_last) line = in_grey(line);
  if (spec.channels == Channels::kBgr) {
    for (size_t at = 0; at < line.values.size(); at += 3) std::swap(line.values[at], line.values[at + 2]);
  }
  return normalised(padded(line, spec), spec);
}

}  // namespace crnn
