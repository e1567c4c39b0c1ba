// What the ops with recurrent layers have in common: their weights, and how they check them.
//
// Inputs of all of them: X, W, W_scale, R, R_scale, B?; see onnx_graph/qgru_qlstm.py.
#pragma once

#include <optional>
#include <vector>

#include "layer.h"
#include "ort.h"

namespace crnn_deploy {

enum Input { kX, kW, kWScale, kR, kRScale, kB, kBehindWeights };

struct Parameters {
  ort::Tensor w, w_scale, r, r_scale, b;

  // Those of a node that are constant.
  static Parameters constant(const ort::NodeInfo& node);

  bool complete() const { return w && w_scale && r && r_scale; }
};

// Sizes of a layer, from the attributes of a node.
struct Structure {
  Cell cell;
  int64_t hidden;             // H
  std::vector<bool> reverse;  // for each direction

  Structure(const ort::NodeInfo& node, Cell cell);

  int64_t directions() const { return static_cast<int64_t>(reverse.size()); }
};

// C, the columns of W.
int64_t columns_of(const ort::Tensor& w);

// Throws InvalidModel if weights do not fit the structure, or hold what kernels cannot compute with.
Layer make_layer(const Kernels& kernels, const Structure& structure, const Parameters& weights,
                 std::optional<Ends> ends = {});

}  // namespace crnn_deploy
