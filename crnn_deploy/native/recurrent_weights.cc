#include "recurrent_weights.h"

#include <algorithm>
#include <limits>

#include "constant_inputs.h"

namespace crnn_deploy {

using ort::InvalidModel;
using ort::Tensor;

namespace {

// The sum of this many products of bytes still fits into 32 bits.
constexpr int64_t kMostColumns = 65536;
constexpr int kByteZero = 128;  // what products take for zero

int gates_of(Cell cell) { return cell == Cell::kGru ? 3 : 4; }

// Adds to the biases of W `[G·H]` what its products with x lack if x has another zero point.
void add_zero_point(const Bytes& x, const int8_t* w, const float* w_scales, int64_t columns,
                    std::vector<float>& biases) {
  for (size_t row = 0; row < biases.size() / 2; ++row) {
    int64_t sum = 0;
    for (int64_t k = 0; k < columns; ++k) sum += w[row * columns + k];
    biases[row] += x.scale * static_cast<float>((kByteZero - x.zero) * sum) * w_scales[row];
  }
}

}  // namespace

Parameters Parameters::constant(const ort::NodeInfo& node) {
  return {node.constant_input(kW), node.constant_input(kWScale), node.constant_input(kR), node.constant_input(kRScale),
          node.constant_input(kB)};
}

Structure::Structure(const ort::NodeInfo& node, Cell cell) : cell(cell), hidden(node.integer("hidden_size")) {
  if (hidden < 1 || hidden > kMostColumns) throw InvalidModel("hidden_size must lie in 1 … 65536");
  const std::string direction = node.text("direction");
  if (direction != "forward" && direction != "reverse" && direction != "bidirectional")
    throw InvalidModel("direction is '" + direction + "', expected forward, reverse or bidirectional");
  if (direction == "bidirectional")
    reverse = {false, true};
  else
    reverse = {direction == "reverse"};
}

int64_t columns_of(const Tensor& w) {
  if (w.shape().size() != 3 || w.shape()[2] < 1)
    throw InvalidModel("W has shape " + ort::to_string(w.shape()) + ", expected 3 sizes, none of them zero");
  return w.shape()[2];
}

Layer make_layer(const Kernels& kernels, const Structure& structure, const Parameters& weights,
                 std::optional<Ends> ends) {
  const int64_t directions = structure.directions(), hidden = structure.hidden;
  const int64_t rows = gates_of(structure.cell) * hidden, inputs = columns_of(weights.w);
  weights.w.require("W", {directions, rows, inputs});
  weights.w_scale.require("W_scale", {directions, rows, 1});
  weights.r.require("R", {directions, rows, hidden});
  weights.r_scale.require("R_scale", {directions, rows, 1});
  if (inputs > kMostColumns) throw InvalidModel("W has more than 65536 columns");
  require_symmetric("W", weights.w);
  require_symmetric("R", weights.r);
  require_finite("W_scale", weights.w_scale, 0.0f);
  require_finite("R_scale", weights.r_scale, 0.0f);
  if (weights.b) {
    weights.b.require("B", {directions, 2 * rows});
    require_finite("B", weights.b, -std::numeric_limits<float>::max());
  }

  std::vector<Direction> packed;
  for (int64_t d = 0; d < directions; ++d) {
    const int8_t* w = weights.w.data<int8_t>() + d * rows * inputs;
    const float* w_scales = weights.w_scale.data<float>() + d * rows;
    std::vector<float> biases(2 * rows);
    if (weights.b) std::copy_n(weights.b.data<float>() + d * 2 * rows, 2 * rows, biases.begin());
    if (ends) add_zero_point(ends->x, w, w_scales, inputs, biases);
    packed.emplace_back(structure.cell, structure.reverse[d], static_cast<int>(inputs), static_cast<int>(hidden), w,
                        w_scales, weights.r.data<int8_t>() + d * rows * hidden,
                        weights.r_scale.data<float>() + d * rows, biases.data());
  }
  return {kernels, structure.cell, static_cast<int>(inputs), static_cast<int>(hidden), std::move(packed), ends};
}

}  // namespace crnn_deploy
