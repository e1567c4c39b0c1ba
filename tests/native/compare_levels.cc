// Compares the kernels that CRNN_DEPLOY_KERNELS names (or the best ones) with the portable ones: integers must be equal,
// and gates may differ only by rounding. Exit code 0: they agree; 3: this processor has no better kernels.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "matrix.h"

using namespace crnn_deploy;

namespace {

constexpr double kMostDifference = 1e-3;
std::mt19937 random_bits(0);

float uniform(float largest) { return largest * (static_cast<int>(random_bits() % 2001) - 1000) / 1000; }

struct Comparison {
  explicit Comparison(const Kernels& other) : other(other) {}

  const Kernels& other;
  const Kernels& reference = *portable_kernels();
  long wrong_integers = 0;
  double difference = 0;

  void compare(int rows, int depth, int hidden, int gates) {
    std::vector<int8_t> weights(static_cast<size_t>(gates) * hidden * depth);
    for (int8_t& weight : weights) weight = static_cast<int8_t>(static_cast<int>(random_bits() % 255) - 127);
    std::vector<float> scales(static_cast<size_t>(gates) * hidden);
    for (float& scale : scales) scale = 1e-4f * static_cast<float>(random_bits() % 100);
    const PackedMatrix matrix(weights.data(), scales.data(), std::vector<float>(gates, kExponent), hidden, depth);
    const size_t stride = round_up(depth, kTileDepth), padded_rows = rows + kTileRows;

    Buffer<uint8_t> expected_bytes(stride * padded_rows), bytes(stride * padded_rows);
    std::vector<float> x(depth);
    for (int row = 0; row < rows; ++row) {
      for (float& value : x) value = uniform(3);
      const float largest = reference.magnitude(x.data(), depth);
      wrong_integers += largest != other.magnitude(x.data(), depth);
      const float expected = reference.round(x.data(), depth, largest, expected_bytes.get() + row * stride);
      wrong_integers += expected != other.round(x.data(), depth, largest, bytes.get() + row * stride);
      for (size_t k = row * stride; k < row * stride + depth; ++k)  // a half may be rounded up or down
        wrong_integers += std::abs(expected_bytes[k] - bytes[k]) > 1;
    }

    Buffer<int32_t> expected_sums(padded_rows * matrix.columns()), sums(padded_rows * matrix.columns());
    reference.multiply(expected_bytes.get(), stride, rows, matrix.weights(), false, expected_sums.get());
    for (bool backwards : {false, true}) {
      if (other.begin) other.begin();
      other.multiply(expected_bytes.get(), stride, rows, matrix.weights(), backwards, sums.get());
      if (other.end) other.end();
      for (int i = 0; i < rows * matrix.columns(); ++i) wrong_integers += expected_sums[i] != sums[i];
    }
    compare_gates(matrix, expected_sums.get(), gates);
  }

  void compare_rows(int taps, int count) {
    const size_t stride = count + 5;
    std::vector<uint8_t> rows(taps * stride), expected(count), sums(count);
    for (uint8_t& byte : rows) byte = static_cast<uint8_t>(random_bits());
    std::vector<int32_t> weights(taps);  // some sums are below 0 or above 255
    for (int32_t& weight : weights) weight = static_cast<int32_t>(random_bits() % (3 << kWeightBits)) - (1 << kWeightBits);
    for (int32_t& weight : weights) weight /= taps;
    reference.weigh(rows.data(), stride, weights.data(), taps, count, expected.data());
    other.weigh(rows.data(), stride, weights.data(), taps, count, sums.data());
    for (int i = 0; i < count; ++i) wrong_integers += expected[i] != sums[i];
  }

  void compare_gates(const PackedMatrix& matrix, const int32_t* sums, int gates) {
    const int hidden = matrix.columns() / gates;
    std::vector<float> h(hidden), bias(matrix.columns()), c(hidden);
    for (float& value : h) value = uniform(1);
    for (float& value : c) value = uniform(3);
    for (float& value : bias) value = uniform(2);
    const Step step{hidden, sums, 0.01f, matrix.scales(), sums, 0.02f, matrix.scales(), bias.data(), bias.data()};
    std::vector<float> expected_h = h, expected_c = c;
    if (gates == 3) {
      reference.gru(step, expected_h.data());
      wrong_integers += other.gru(step, h.data()) != other.magnitude(h.data(), hidden);
    } else {
      reference.lstm(step, expected_h.data(), expected_c.data());
      wrong_integers += other.lstm(step, h.data(), c.data()) != other.magnitude(h.data(), hidden);
    }
    for (int i = 0; i < hidden; ++i)
      for (double off : {std::fabs(expected_h[i] - h[i]), std::fabs(expected_c[i] - c[i])})
        if (!(off <= difference)) difference = off;  // also if it is NaN
  }
};

}  // namespace

int main() {
  const Kernels* best = kernels();
  if (!best) return 3;
  Comparison comparison(*best);
  const int shapes[][2] = {{1, 1}, {5, 7}, {64, 33}, {100, 96}, {513, 40}};  // depth, hidden
  for (int rows : {1, 2, 3, 5, 7, 16, 33})
    for (const auto& shape : shapes)
      for (int gates : {3, 4}) comparison.compare(rows, shape[0], shape[1], gates);
  for (int taps : {1, 2, 3, 7, 40})
    for (int count : {1, 15, 16, 17, 63, 64, 65, 200}) comparison.compare_rows(taps, count);
  std::printf("%s: %ld wrong integers, gates differ by %g\n", best->name, comparison.wrong_integers,
              comparison.difference);
  return comparison.wrong_integers || !(comparison.difference <= kMostDifference);
}
