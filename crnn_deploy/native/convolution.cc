#include "convolution.h"

#include <algorithm>

namespace crnn_deploy {

namespace {

constexpr int kRowsAtOnce = 2 * kTileRows;  // in one product
constexpr int kProductsInBlock = 8;         // by one call of a thread; each reads the weights that the first one fetched

// Bytes of a piece of the rows of activations.
int piece_of(const Geometry& geometry) { return round_up(geometry.kernel[1] * geometry.channels, kTileDepth); }

// The weights of each filter in the order in which a row of activations has what they are multiplied by.
std::vector<int8_t> by_pixel(const Geometry& geometry, const int8_t* weights) {
  const auto [height, width] = geometry.kernel;
  const size_t piece = piece_of(geometry);
  std::vector<int8_t> ordered(geometry.filters * height * piece);
  for (int filter = 0; filter < geometry.filters; ++filter)
    for (int channel = 0; channel < geometry.channels; ++channel)
      for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
          ordered[(static_cast<size_t>(filter) * height + y) * piece + x * geometry.channels + channel] = *weights++;
  return ordered;
}

std::vector<float> factors_of(const Geometry& geometry, const float* scales, float x_scale, float y_scale) {
  std::vector<float> factors(scales, scales + geometry.filters);
  for (float& factor : factors) factor = x_scale * factor / y_scale;
  return factors;
}

}  // namespace

int64_t Geometry::packed_bytes() const {
  return static_cast<int64_t>(round_up(filters, kPanel)) * kernel[0] * piece_of(*this);
}

// A map with its padding, and the lines into which its pixels are divided. Pixels in a line have the same distance. If
// no pixel is skipped, all rows of the map are one line, and pixels whose kernel reaches over the end of a row are
// computed too, for nothing. (Otherwise each row would have to be filled up to whole tiles.)
struct Convolution::Plan {
  int height, width;           // of y
  size_t row;                  // bytes of a row of the padded map
  size_t padded;               // bytes of a padded map, and of what the last products read behind it
  int lines, length;           // length in pixels
  size_t line_stride, stride;  // bytes from line to line, and from pixel to pixel
  int pixels_in_row;           // of y, in a line

  Plan(const Geometry& geometry, const Maps& maps) {
    height = static_cast<int>(geometry.height(maps.height));
    width = static_cast<int>(geometry.width(maps.width));
    const int columns = maps.width + geometry.pads[1] + geometry.pads[3];
    row = static_cast<size_t>(columns) * geometry.channels;
    stride = static_cast<size_t>(geometry.strides[1]) * geometry.channels;
    const bool all = geometry.strides[0] == 1 && geometry.strides[1] == 1;
    lines = all ? 1 : height;
    pixels_in_row = all ? columns : width;
    length = all ? (height - 1) * columns + width : width;
    line_stride = geometry.strides[0] * row;
    padded = (maps.height + geometry.pads[0] + geometry.pads[2]) * row + kRowsAtOnce * stride + piece_of(geometry);
  }

  int products() const { return (length + kRowsAtOnce - 1) / kRowsAtOnce; }  // of a line
  int blocks() const { return (lines * products() + kProductsInBlock - 1) / kProductsInBlock; }
};

Convolution::Convolution(const Kernels& kernels, const Geometry& geometry, const int8_t* weights, const float* scales,
                         const int32_t* bias, Bytes x, Bytes y, std::optional<Addend> added)
    : kernels_(kernels),
      geometry_(geometry),
      weights_(by_pixel(geometry, weights).data(), factors_of(geometry, scales, x.scale, y.scale).data(), {1.0f},
               geometry.filters, geometry.kernel[0] * piece_of(geometry)),
      starts_(weights_.columns()),
      x_(x),
      y_(y),
      added_(added) {
  const size_t count = static_cast<size_t>(geometry.channels) * geometry.kernel[0] * geometry.kernel[1];
  for (int filter = 0; filter < geometry.filters; ++filter) {
    int32_t sum = 0;
    for (size_t k = 0; k < count; ++k) sum += weights[filter * count + k];
    starts_[filter] = (bias ? bias[filter] : 0) - x.zero * sum;
  }
}

void Convolution::run(const Maps& maps, const Parallel& parallel) const {
  const Plan plan(geometry_, maps);
  const Buffer<uint8_t> padded = Buffer<uint8_t>::unwritten(plan.padded * maps.samples);
  const size_t blocks = plan.blocks();
  if (maps.samples == 1) {
    pad(maps, plan, 0, padded.get());
  } else {
    parallel(maps.samples, [&](size_t sample) { pad(maps, plan, sample, padded.get() + sample * plan.padded); });
  }
  parallel(maps.samples * blocks, [&](size_t index) {
    const size_t sample = index / blocks;
    run_block(maps, plan, padded.get() + sample * plan.padded, sample, index % blocks);
  });
  if (added_) {
    const size_t numbers = static_cast<size_t>(plan.height) * plan.width * geometry_.filters;
    parallel(maps.samples, [&](size_t sample) { add(maps, sample * numbers, numbers); });
  }
}

// Copies a map and surrounds it with bytes that stand for zero.
void Convolution::pad(const Maps& maps, const Plan& plan, int sample, uint8_t* padded) const {
  const size_t row = static_cast<size_t>(maps.width) * geometry_.channels;
  const size_t left = static_cast<size_t>(geometry_.pads[1]) * geometry_.channels, right = plan.row - left - row;
  const uint8_t zero = static_cast<uint8_t>(x_.zero);
  const uint8_t* from = maps.x + sample * maps.height * row;
  padded = std::fill_n(padded, geometry_.pads[0] * plan.row + left, zero);
  for (int y = 0; y < maps.height; ++y, from += row) {
    padded = std::copy_n(from, row, padded);
    padded = std::fill_n(padded, y + 1 < maps.height ? right + left : right, zero);
  }
  std::fill_n(padded, geometry_.pads[2] * plan.row, zero);
}

void Convolution::run_block(const Maps& maps, const Plan& plan, const uint8_t* padded, int sample, int block) const {
  Weights weights = weights_.weights();
  weights.offsets = starts_.get();
  alignas(64) int32_t sums[kRowsAtOnce * kColumnsAtOnce];
  const int products = plan.products(), begin = block * kProductsInBlock;
  const int end = std::min(begin + kProductsInBlock, plan.lines * products);
  if (kernels_.begin) kernels_.begin();
  for (int panel = 0; panel < panels_of(weights); panel += kPanelsAtOnce)
    for (int number = begin; number < end; ++number) {
      const int line = number / products, pixel = number % products * kRowsAtOnce;
      const int rows = std::min(kRowsAtOnce, plan.length - pixel);
      const uint8_t* const at = padded + line * plan.line_stride + pixel * plan.stride;
      kernels_.multiply_pieces({at, plan.stride, piece_of(geometry_), geometry_.kernel[0], plan.row}, rows, weights,
                               panel, number == begin, sums);
      write(maps, plan, sample, line * plan.pixels_in_row + pixel, rows, panel, sums);
    }
  if (kernels_.end) kernels_.end();
}

// Rounds the sums of `rows` pixels from the pixel `first` of the lines on, and leaves out those that are not in y.
void Convolution::write(const Maps& maps, const Plan& plan, int sample, int first, int rows, int panel,
                        const int32_t* sums) const {
  const int filters = geometry_.filters, column = panel * kPanel;
  const int columns = std::min(kColumnsAtOnce, filters - column);
  for (int end = first + rows; first < end;) {
    const int row = first / plan.pixels_in_row, x = first % plan.pixels_in_row;
    const int together = std::min(end - first, plan.pixels_in_row - x), kept = std::min(together, plan.width - x);
    if (kept > 0) {
      const size_t pixel = (static_cast<size_t>(sample) * plan.height + row) * plan.width + x;
      kernels_.to_pixels(sums, kept, weights_.scales() + column, static_cast<float>(y_.zero), columns, filters,
                         maps.y + pixel * filters + column);
    }
    sums += static_cast<size_t>(together) * kColumnsAtOnce;
    first += together;
  }
}

// Adds z to `count` numbers of y.
void Convolution::add(const Maps& maps, size_t first, size_t count) const {
  const float y_factor = y_.scale / added_->sum.scale, z_factor = added_->z.scale / added_->sum.scale;
  const float zero = added_->sum.zero - (y_factor * y_.zero + z_factor * added_->z.zero);
  kernels_.add_pixels(maps.z + first, z_factor, y_factor, zero, count, maps.y + first);
}

}  // namespace crnn_deploy
