#include "resize.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace crnn {
namespace {

using std::size_t;
using std::uint8_t;

// Pillow's filters. Each new pixel is a weighted mean of all old ones within the radius of its filter, which grows with
// the scale where the image becomes smaller. First the rows are resized and rounded to 8 bits, then the columns; since
// Pillow 13, it is the other way round where the height shrinks by more than twice as many pixels as the width.
constexpr int kFraction = 22;  // bits of a weight behind the point

struct Window {
  double (*weight)(double distance);
  double radius;
};

double triangle(double x) { return std::max(0.0, 1 - std::abs(x)); }

double cubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

double sinc(double x) {
  constexpr double pi = 3.14159265358979323846;
  return x == 0 ? 1 : std::sin(x * pi) / (x * pi);
}

double lanczos(double x) { return std::abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0; }

Window window_of(Filter filter) {
  if (filter == Filter::kBicubic) return {cubic, 2};
  return filter == Filter::kLanczos ? Window{lanczos, 3} : Window{triangle, 1};
}

// The old pixels that a new one is a mean of, and where their weights begin.
struct Span {
  int first;
  int count;
  size_t weights;
};

struct Means {
  std::vector<Span> spans;  // of each new pixel
  std::vector<int> weights;
};

Means means(int old_size, int new_size, Window window) {
  Means found;
  const double scale = static_cast<double>(old_size) / new_size;
  const double spread = std::max(scale, 1.0), radius = window.radius * spread;
  std::vector<double> exact;
  for (int i = 0; i < new_size; ++i) {
    const double center = (i + 0.5) * scale;
    const int first = std::max(0, static_cast<int>(center - radius + 0.5));
    const int end = std::min(old_size, static_cast<int>(center + radius + 0.5));
    exact.clear();
    double sum = 0;
    for (int k = first; k < end; ++k) {
      exact.push_back(window.weight((k - center + 0.5) * (1 / spread)));
      sum += exact.back();
    }
    found.spans.push_back({first, end - first, found.weights.size()});
    for (double weight : exact) {
      const double share = (sum != 0 ? weight / sum : weight) * (1 << kFraction);
      found.weights.push_back(static_cast<int>(share < 0 ? share - 0.5 : share + 0.5));
    }
  }
  return found;
}

uint8_t rounded(int sum) { return static_cast<uint8_t>(std::clamp(sum >> kFraction, 0, 255)); }

template <int kChannels>
Pixels rows(const Pixels& image, int width, Window window) {
  Pixels result(width, image.height, kChannels);
  const Means found = means(image.width, width, window);
  for (int y = 0; y < image.height; ++y) {
    uint8_t* to = result.row(y);
    for (const Span& span : found.spans) {
      const uint8_t* from = image.row(y) + span.first * kChannels;
      const int* weights = found.weights.data() + span.weights;
      int sums[kChannels];
      for (int& sum : sums) sum = 1 << (kFraction - 1);
      for (int k = 0; k < span.count; ++k) {
        for (int& sum : sums) sum += *from++ * weights[k];
      }
      for (int sum : sums) *to++ = rounded(sum);
    }
  }
  return result;
}

Pixels across(const Pixels& image, int width, Window window) {
  if (width == image.width) return image;
  return image.channels == 1 ? rows<1>(image, width, window) : rows<3>(image, width, window);
}

Pixels down(const Pixels& image, int height, Window window) {
  if (height == image.height) return image;
  Pixels result(image.width, height, image.channels);
  const Means found = means(image.height, height, window);
  std::vector<int> sums(image.row_size());
  for (int y = 0; y < height; ++y) {
    const Span& span = found.spans[y];
    std::fill(sums.begin(), sums.end(), 1 << (kFraction - 1));
    for (int k = 0; k < span.count; ++k) {
      const uint8_t* from = image.row(span.first + k);
      const int weight = found.weights[span.weights + k];
      for (int& sum : sums) sum += *from++ * weight;
    }
    std::transform(sums.begin(), sums.end(), result.row(y), rounded);
  }
  return result;
}

// For each new pixel the old one below its centre.
std::vector<int> nearest(int old_size, int new_size) {
  std::vector<int> places;
  const double scale = static_cast<double>(old_size) / new_size;
  double center = scale * 0.5;  // summed up as Pillow does it, with the same errors
  for (int i = 0; i < new_size; ++i, center += scale) {
    places.push_back(std::min(static_cast<int>(center), old_size - 1));
  }
  return places;
}

Pixels nearest(const Pixels& image, int width, int height) {
  Pixels result(width, height, image.channels);
  const std::vector<int> columns = nearest(image.width, width), rows = nearest(image.height, height);
  for (int y = 0; y < height; ++y) {
    uint8_t* to = result.row(y);
    for (int x : columns) {
      const uint8_t* from = image.row(rows[y]) + x * image.channels;
      to = std::copy_n(from, image.channels, to);
    }
  }
  return result;
}

}  // namespace

Pixels resized(const Pixels& image, int width, int height, Filter filter) {
  if (width == image.width && height == image.height) return image;
  if (filter == Filter::kNearest) return nearest(image, width, height);
  if (filter == Filter::kLinear) return linear(image, width, height);
  const Window window = window_of(filter);
  const bool columns_first = height < image.height && image.height - height > 2 * (image.width - width);
  return columns_first ? across(down(image, height, window), width, window)
                       : down(across(image, width, window), height, window);
}

}  // namespace crnn
