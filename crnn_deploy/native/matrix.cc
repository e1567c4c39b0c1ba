#include "matrix.h"

namespace crnn_deploy {

PackedMatrix::PackedMatrix(const int8_t* rows, const float* scales, const std::vector<float>& factors, int hidden,
                           int depth)
    : depth_(depth),
      columns_(static_cast<int>(factors.size()) * round_up(hidden, kPanel)),
      bytes_(static_cast<size_t>(columns_) * round_up(depth, kTileDepth)),
      scales_(padded(scales, factors, hidden)),
      offsets_(columns_) {
  const Weights layout = weights();
  const int padded_hidden = round_up(hidden, kPanel);
  for (int gate = 0; gate < static_cast<int>(factors.size()); ++gate)
    for (int unit = 0; unit < hidden; ++unit) {
      const int8_t* row = rows + (static_cast<size_t>(gate) * hidden + unit) * depth;
      const int column = gate * padded_hidden + unit, panel = column / kPanel;
      int8_t* to = bytes_.get() + offset_of(layout, panel) + column % kPanel * kDot;
      int32_t sum = 0;
      for (int k = 0; k < depth; ++k) {
        to[k / kDot * step_of(layout, panel) + k % kDot] = row[k];
        sum += row[k];
      }
      offsets_[column] = -128 * sum;
    }
}

Buffer<float> padded(const float* values, const std::vector<float>& factors, int hidden) {
  const int padded_hidden = round_up(hidden, kPanel);
  Buffer<float> result(factors.size() * padded_hidden);
  for (size_t gate = 0; gate < factors.size(); ++gate)
    for (int unit = 0; unit < hidden; ++unit)
      result[gate * padded_hidden + unit] = values[gate * hidden + unit] * factors[gate];
  return result;
}

}  // namespace crnn_deploy
