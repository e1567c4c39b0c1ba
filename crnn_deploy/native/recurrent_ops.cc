// The ops QGRU and QLSTM: X and Y in FP32. They check their inputs, and a Layer computes the result.
//
// Inputs behind the weights: sequence_lens?, initial_h?, initial_c? (LSTM); see onnx_graph/qgru_qlstm.py.
#include "recurrent_ops.h"

#include <limits>
#include <optional>

#include "custom_op.h"
#include "recurrent_weights.h"

namespace crnn_deploy {
namespace {

using ort::InvalidModel;
using ort::Shape;
using ort::Tensor;

enum { kLengths = kBehindWeights, kFirstH, kFirstC };

void require_lengths(const Tensor& lengths, int64_t steps, int64_t samples) {
  lengths.require("sequence_lens", {samples});
  for (int64_t i = 0; i < samples; ++i)
    if (lengths.data<int32_t>()[i] < 0 || lengths.data<int32_t>()[i] > steps)
      throw InvalidModel("sequence_lens must lie in 0 … " + std::to_string(steps));
}

template <Cell kCell>
class Recurrent {
 public:
  static constexpr const char* kName = kCell == Cell::kGru ? "QGRU" : "QLSTM";
  static constexpr size_t kInputs = kCell == Cell::kGru ? kFirstC : kFirstC + 1;
  static constexpr size_t kOutputs = kCell == Cell::kGru ? 2 : 3;
  static ort::ElementType input_type(size_t index) {
    return index == kW || index == kR ? ort::kInt8 : index == kLengths ? ort::kInt32 : ort::kFloat;
  }
  static ort::ElementType output_type(size_t) { return ort::kFloat; }
  static bool is_optional(size_t index) { return index >= kB; }

  explicit Recurrent(const ort::NodeInfo& node) : structure_(node, kCell), kernels_(usable_kernels()) {
    const Parameters weights = Parameters::constant(node);
    if (!weights.complete()) return;
    layer_.emplace(make_layer(kernels_, structure_, weights));
    has_bias_ = static_cast<bool>(weights.b);
  }

  void compute(const ort::Run& run) const {
    // Weights that were there when the kernel was created are not asked for again.
    const bool packed = layer_ && run.has_input(kB) == has_bias_;
    const Parameters weights = packed ? Parameters{} : read_weights(run);
    const Tensor x = run.input(kX), lengths = run.input(kLengths), first_h = run.input(kFirstH);
    const Tensor first_c = kCell == Cell::kLstm ? run.input(kFirstC) : Tensor();
    if (x.shape().size() != 3) throw InvalidModel("X has shape " + ort::to_string(x.shape()) + ", expected [T, N, C]");
    const int64_t steps = x.shape()[0], samples = x.shape()[1];
    x.require("X", {steps, samples, packed ? layer_->inputs() : columns_of(weights.w)});
    if (steps * samples > std::numeric_limits<int32_t>::max()) throw InvalidModel("X has too many rows");
    const Shape state_shape{structure_.directions(), samples, structure_.hidden};
    if (lengths) require_lengths(lengths, steps, samples);
    if (first_h) first_h.require("initial_h", state_shape);
    if (first_c) first_c.require("initial_c", state_shape);

    Batch batch{};
    batch.steps = static_cast<int>(steps);
    batch.samples = static_cast<int>(samples);
    batch.x = x.data<float>();
    batch.lengths = lengths.data<int32_t>();
    batch.first_h = first_h.data<float>();
    batch.first_c = first_c.data<float>();
    batch.y = run.output<float>(0, {steps, structure_.directions(), samples, structure_.hidden});
    batch.last_h = run.output<float>(1, state_shape);
    batch.last_c = kCell == Cell::kLstm ? run.output<float>(2, state_shape) : nullptr;
    const auto parallel = [&run](size_t count, const std::function<void(size_t)>& work) { run.parallel(count, work); };
    if (packed)
      layer_->run(batch, parallel);
    else
      make_layer(kernels_, structure_, weights).run(batch, parallel);  // the weights are not constant
  }

 private:
  static Parameters read_weights(const ort::Run& run) {
    return {run.input(kW), run.input(kWScale), run.input(kR), run.input(kRScale), run.input(kB)};
  }

  Structure structure_;
  const Kernels& kernels_;
  std::optional<Layer> layer_;
  bool has_bias_ = false;
};

}  // namespace

OrtCustomOp recurrent_op(Cell cell) {
  return cell == Cell::kGru ? custom_op<Recurrent<Cell::kGru>>() : custom_op<Recurrent<Cell::kLstm>>();
}

}  // namespace crnn_deploy
