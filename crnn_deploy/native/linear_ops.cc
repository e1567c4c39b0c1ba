// The ops QLinearGRU and QLinearLSTM: X and Y in bytes, as the layers before and behind them have them.
//
// Inputs behind the weights: X_scale, X_zero_point, Y_scale, Y_zero_point; see onnx_graph/qlinear_gru_lstm.py. All but
// X must be constant.
#include <limits>

#include "constant_inputs.h"
#include "custom_op.h"
#include "recurrent_ops.h"
#include "recurrent_weights.h"

namespace crnn_deploy {
namespace {

using ort::InvalidModel;
using ort::Tensor;

enum { kXScale = kBehindWeights, kXZero, kYScale, kYZero, kEnd };

Layer constant_layer(const ort::NodeInfo& node, const Structure& structure, const Ends& ends) {
  const Parameters weights = Parameters::constant(node);
  node.optional_constant("B", kB);
  if (!weights.complete()) throw InvalidModel("W, W_scale, R and R_scale must be constant");
  return make_layer(usable_kernels(), structure, weights, ends);
}

template <Cell kCell>
class Linear {
 public:
  static constexpr const char* kName = kCell == Cell::kGru ? "QLinearGRU" : "QLinearLSTM";
  static constexpr size_t kInputs = kEnd, kOutputs = 2;
  static ort::ElementType input_type(size_t index) {
    if (index == kW || index == kR) return ort::kInt8;
    return index == kX || index == kXZero || index == kYZero ? ort::kUint8 : ort::kFloat;
  }
  static ort::ElementType output_type(size_t index) { return index == 0 ? ort::kUint8 : ort::kFloat; }
  static bool is_optional(size_t index) { return index == kB; }

  explicit Linear(const ort::NodeInfo& node)
      : structure_(node, kCell),
        ends_{bytes_of(node, kXScale, kXZero), bytes_of(node, kYScale, kYZero)},
        layer_(constant_layer(node, structure_, ends_)) {}

  void compute(const ort::Run& run) const {
    const Tensor x = run.input(kX);
    if (x.shape().size() != 4)
      throw InvalidModel("X has shape " + ort::to_string(x.shape()) + ", expected [N, 1, T, C]");
    const int64_t samples = x.shape()[0], steps = x.shape()[2];
    x.require("X", {samples, 1, steps, layer_.inputs()});
    if (steps * samples > std::numeric_limits<int32_t>::max()) throw InvalidModel("X has too many rows");

    Batch batch{};
    batch.steps = static_cast<int>(steps);
    batch.samples = static_cast<int>(samples);
    batch.x_bytes = x.data<uint8_t>();
    batch.y_bytes = run.output<uint8_t>(0, {samples, steps, structure_.directions() * structure_.hidden});
    if (float* scale = run.output<float>(1, {})) *scale = ends_.y.scale;
    layer_.run(batch, [&run](size_t count, const std::function<void(size_t)>& work) { run.parallel(count, work); });
  }

 private:
  Structure structure_;
  Ends ends_;
  Layer layer_;
};

}  // namespace

OrtCustomOp linear_op(Cell cell) {
  return cell == Cell::kGru ? custom_op<Linear<Cell::kGru>>() : custom_op<Linear<Cell::kLstm>>();
}

}  // namespace crnn_deploy
