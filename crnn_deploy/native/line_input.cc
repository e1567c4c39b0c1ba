// From the pixels of a line to the input of a network in one call: resize as Pillow does, normalise, pad.
//
// Pillow (Resample.c) resizes columns first and rows afterwards, and rounds to 8 bits in between. Both are weighted
// sums of neighbours, with weights of 22 bits behind the point. Here the picture is transposed for the columns, so that
// both passes add up rows, 16 and more bytes at once; integers are those of Pillow.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "export.h"
#include "kernels.h"
#include "matrix.h"

namespace crnn_deploy {
namespace {

constexpr double kPi = 3.14159265358979323846;

// The interpolations, in the order in which callers number them. Each has as many neighbours on either side as its
// number and one.
double bilinear(double x) { return x < 1 ? 1 - x : 0; }

double bicubic(double x) {
  constexpr double a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

double sinc(double x) { return x == 0 ? 1 : std::sin(x * kPi) / (x * kPi); }

double lanczos(double x) { return x < 3 ? sinc(x) * sinc(x / 3) : 0; }

constexpr double (*kFilters[])(double) = {bilinear, bicubic, lanczos};

// The neighbours of each of `count` places after a resize from `size` places, and their weights.
struct Taps {
  std::vector<int> first, number;
  std::vector<int32_t> weights;  // [count, most]
  int most;

  Taps(int size, int count, int filter) : first(count), number(count) {
    const double scale = static_cast<double>(size) / count, wider = std::max(scale, 1.0);
    const double reach = (filter + 1) * wider;
    most = static_cast<int>(std::ceil(reach)) * 2 + 1;
    weights.resize(static_cast<size_t>(count) * most);
    std::vector<double> shares(most);
    for (int place = 0; place < count; ++place) {
      const double center = (place + 0.5) * scale, narrower = 1 / wider;
      const int begin = std::max(0, static_cast<int>(center - reach + 0.5));
      const int end = std::min(size, static_cast<int>(center + reach + 0.5));
      double sum = 0;
      for (int i = begin; i < end; ++i)
        sum += shares[i - begin] = kFilters[filter](std::fabs((i - center + 0.5) * narrower));
      for (int i = begin; i < end; ++i)
        weights[of(place) + i - begin] = whole(shares[i - begin] / (sum != 0 ? sum : 1));
      first[place] = begin;
      number[place] = end - begin;
    }
  }

  size_t of(int place) const { return static_cast<size_t>(place) * most; }

 private:
  static int32_t whole(double share) {
    const double scaled = share * (1 << kWeightBits);
    return static_cast<int32_t>(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
  }
};

// Sums of the rows of `in` [size, stride], of which the first `width` bytes count, to `out` [count, out_stride].
void resize_rows(const Kernels& kernels, const Taps& taps, const uint8_t* in, size_t stride, int width, uint8_t* out,
                 size_t out_stride) {
  for (size_t place = 0; place < taps.first.size(); ++place)
    kernels.weigh(in + taps.first[place] * stride, stride, &taps.weights[taps.of(static_cast<int>(place))],
                  taps.number[place], width, out + place * out_stride);
}

// 8 rows of 8 bytes, in words of which the first byte is the lowest.
void transpose_block(uint64_t (&block)[8]) {
  const auto exchange = [&block](int a, int b, int shift, uint64_t mask) {
    const uint64_t moved = ((block[a] >> shift) ^ block[b]) & mask;
    block[b] ^= moved;
    block[a] ^= moved << shift;
  };
  for (int i : {0, 1, 2, 3}) exchange(i, i + 4, 32, 0x00000000ffffffff);
  for (int i : {0, 1, 4, 5}) exchange(i, i + 2, 16, 0x0000ffff0000ffff);
  for (int i : {0, 2, 4, 6}) exchange(i, i + 1, 8, 0x00ff00ff00ff00ff);
}

// Writes the bytes of `in` [rows, stride], every `step`-th of a row, to `out` [columns, out_stride].
void transpose(const uint8_t* in, int rows, int columns, size_t stride, int step, uint8_t* out, size_t out_stride) {
  const int whole_rows = step == 1 ? rows / 8 * 8 : 0, whole_columns = columns / 8 * 8;
  for (int row = 0; row < whole_rows; row += 8)
    for (int column = 0; column < whole_columns; column += 8) {
      uint64_t block[8];
      for (int i = 0; i < 8; ++i) std::memcpy(&block[i], in + (row + i) * stride + column, 8);
      transpose_block(block);
      for (int i = 0; i < 8; ++i) std::memcpy(out + (column + i) * out_stride + row, &block[i], 8);
    }
  for (int row = 0; row < rows; ++row)
    for (int column = row < whole_rows ? whole_columns : 0; column < columns; ++column)
      out[column * out_stride + row] = in[row * stride + static_cast<size_t>(column) * step];
}

}  // namespace
}  // namespace crnn_deploy

// A picture, and the input that is made of it; `native/line_input.py` has the same fields.
struct LineInput {
  const uint8_t* pixels;  // [height, width, channels]
  float* input;           // [channels, input_height, input_width]
  const float* values;    // [channels, 257]: of each byte, and of padding
  int32_t width, height;
  int32_t new_width, new_height;  // after the resize
  int32_t input_width, input_height;
  int32_t channels;
  int32_t filter;    // 0 bilinear, 1 bicubic, 2 lanczos
  int32_t reversed;  // whether the input has the channels in the reverse order
  int32_t edge;      // whether the outermost columns and the last row are the padding
  int32_t left;      // columns of padding before the picture
};

namespace crnn_deploy {
namespace {

constexpr int kValues = 257;

// Writes one channel of the input from its resized pixels `[new_height, stride]`.
void write_channel(const LineInput& line, const uint8_t* pixels, size_t stride, const float* values, float* input) {
  const size_t width = line.input_width;
  const int right = line.left + line.new_width;
  for (int row = 0; row < line.new_height; ++row) {
    float* const to = input + row * width;
    for (int column = 0; column < line.new_width; ++column)
      to[line.left + column] = values[pixels[row * stride + column]];
    std::fill(to, to + line.left, line.edge ? to[line.left] : values[kValues - 1]);
    std::fill(to + right, to + width, line.edge ? to[right - 1] : values[kValues - 1]);
  }
  for (int row = line.new_height; row < line.input_height; ++row) {
    float* const to = input + row * width;
    if (line.edge)
      std::copy(to - width, to, to);
    else
      std::fill(to, to + width, values[kValues - 1]);
  }
}

void make_input(const Kernels& kernels, const LineInput& line) {
  const Taps across(line.width, line.new_width, line.filter), down(line.height, line.new_height, line.filter);
  // Rows of bytes have whole vectors, so that their ends are not added up one by one.
  const size_t tall = round_up(line.height, 16), wide = round_up(line.new_width, 16);
  Buffer<uint8_t> columns(tall * line.width), narrow(tall * wide), rows(tall * wide), low(wide * line.new_height);
  for (int channel = 0; channel < line.channels; ++channel) {
    transpose(line.pixels + channel, line.height, line.width, static_cast<size_t>(line.width) * line.channels,
              line.channels, columns.get(), tall);
    const uint8_t* across_done = columns.get();
    if (line.new_width != line.width) {
      resize_rows(kernels, across, columns.get(), tall, static_cast<int>(tall), narrow.get(), tall);
      across_done = narrow.get();
    }
    transpose(across_done, line.new_width, line.height, tall, 1, rows.get(), wide);
    const uint8_t* done = rows.get();
    if (line.new_height != line.height) {
      resize_rows(kernels, down, rows.get(), wide, static_cast<int>(wide), low.get(), wide);
      done = low.get();
    }
    const int to = line.reversed ? line.channels - 1 - channel : channel;
    write_channel(line, done, wide, line.values + to * kValues,
                  line.input + static_cast<size_t>(to) * line.input_width * line.input_height);
  }
}

}  // namespace
}  // namespace crnn_deploy

// Returns 0, or 1 if there is no memory left.
CRNN_DEPLOY_EXPORT int crnn_deploy_line_input(const LineInput* line) {
  using namespace crnn_deploy;
  try {
    make_input(any_kernels(), *line);
    return 0;
  } catch (const std::exception&) {
    return 1;
  }
}
