// The custom ops QGRU and QLSTM. They check their inputs, and a Layer computes the result.
//
// Inputs: X, W, W_scale, R, R_scale, B?, sequence_lens?, initial_h?, initial_c? (LSTM); see export/functions.py.
#include <cmath>
#include <limits>
#include <optional>

#include "export.h"
#include "layer.h"
#include "ort.h"

namespace crnn_deploy {
namespace {

using ort::InvalidModel;
using ort::Shape;
using ort::Tensor;

enum Input { kX, kW, kWScale, kR, kRScale, kB, kLengths, kFirstH, kFirstC };

// The sum of this many products of bytes still fits into 32 bits.
constexpr int64_t kMostColumns = 65536;

struct Parameters {
  Tensor w, w_scale, r, r_scale, b;

  bool complete() const { return w && w_scale && r && r_scale; }
};

void require_finite(const char* name, const Tensor& tensor, float least) {
  size_t count = 1;
  for (int64_t size : tensor.shape()) count *= static_cast<size_t>(size);
  for (size_t i = 0; i < count; ++i)
    if (!(std::isfinite(tensor.data<float>()[i]) && tensor.data<float>()[i] >= least))
      throw InvalidModel(std::string(name) + " holds a value that is not finite" +
                         (least < 0 ? "" : ", or is negative"));
}

void require_symmetric(const char* name, const Tensor& tensor) {
  size_t count = 1;
  for (int64_t size : tensor.shape()) count *= static_cast<size_t>(size);
  for (size_t i = 0; i < count; ++i)
    if (tensor.data<int8_t>()[i] == -128)
      throw InvalidModel(std::string(name) + " holds -128; it must lie in -127 … 127");
}

class RecurrentKernel {
 public:
  RecurrentKernel(const OrtApi* api, const ort::NodeInfo& node, Cell cell)
      : api_(api),
        kernels_(kernels()),
        cell_(cell),
        gates_(cell == Cell::kGru ? 3 : 4),
        hidden_(node.integer("hidden_size")) {
    if (!kernels_) throw std::runtime_error("there are no kernels for this processor");
    if (hidden_ < 1 || hidden_ > kMostColumns) throw InvalidModel("hidden_size must lie in 1 … 65536");
    const std::string direction = node.text("direction");
    if (direction != "forward" && direction != "reverse" && direction != "bidirectional")
      throw InvalidModel("direction is '" + direction + "', expected forward, reverse or bidirectional");
    if (direction == "bidirectional")
      reverse_ = {false, true};
    else
      reverse_ = {direction == "reverse"};
    const Parameters weights{node.constant_input(kW), node.constant_input(kWScale), node.constant_input(kR),
                             node.constant_input(kRScale), node.constant_input(kB)};
    if (weights.complete()) {
      layer_.emplace(make_layer(weights));
      has_bias_ = static_cast<bool>(weights.b);
    }
  }

  OrtStatus* compute(OrtKernelContext* context) const noexcept {
    return ort::as_status(api_, [&] { compute(ort::Run(api_, context)); });
  }

 private:
  void compute(const ort::Run& run) const {
    // Weights that were there when the kernel was created are not asked for again.
    const bool packed = layer_ && run.has_input(kB) == has_bias_;
    const Parameters weights = packed ? Parameters{} : read_weights(run);
    const Tensor x = run.input(kX), lengths = run.input(kLengths), first_h = run.input(kFirstH);
    const Tensor first_c = cell_ == Cell::kLstm ? run.input(kFirstC) : Tensor();
    const int64_t directions = static_cast<int64_t>(reverse_.size());
    if (x.shape().size() != 3) throw InvalidModel("X has shape " + ort::to_string(x.shape()) + ", expected [T, N, C]");
    const int64_t steps = x.shape()[0], samples = x.shape()[1];
    x.require("X", {steps, samples, packed ? layer_->inputs() : columns_of(weights.w)});
    if (steps * samples > std::numeric_limits<int32_t>::max()) throw InvalidModel("X has too many rows");
    const Shape state_shape{directions, samples, hidden_};
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
    batch.y = run.output(0, {steps, directions, samples, hidden_});
    batch.last_h = run.output(1, state_shape);
    batch.last_c = cell_ == Cell::kLstm ? run.output(2, state_shape) : nullptr;
    const auto parallel = [&run](size_t count, const std::function<void(size_t)>& work) { run.parallel(count, work); };
    if (packed)
      layer_->run(batch, parallel);
    else
      make_layer(weights).run(batch, parallel);  // the weights are not constant
  }

  static Parameters read_weights(const ort::Run& run) {
    return {run.input(kW), run.input(kWScale), run.input(kR), run.input(kRScale), run.input(kB)};
  }

  static int64_t columns_of(const Tensor& w) {
    if (w.shape().size() != 3 || w.shape()[2] < 1)
      throw InvalidModel("W has shape " + ort::to_string(w.shape()) + ", expected 3 sizes, none of them zero");
    return w.shape()[2];
  }

  Layer make_layer(const Parameters& weights) const {
    const int64_t directions = static_cast<int64_t>(reverse_.size()), rows = gates_ * hidden_;
    const int64_t inputs = columns_of(weights.w);
    weights.w.require("W", {directions, rows, inputs});
    weights.w_scale.require("W_scale", {directions, rows, 1});
    weights.r.require("R", {directions, rows, hidden_});
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

    const std::vector<float> zeros(weights.b ? 0 : 2 * rows);
    std::vector<Direction> packed;
    for (int64_t d = 0; d < directions; ++d) {
      const float* bias = weights.b ? weights.b.data<float>() + d * 2 * rows : zeros.data();
      packed.emplace_back(cell_, reverse_[d], static_cast<int>(inputs), static_cast<int>(hidden_),
                          weights.w.data<int8_t>() + d * rows * inputs, weights.w_scale.data<float>() + d * rows,
                          weights.r.data<int8_t>() + d * rows * hidden_, weights.r_scale.data<float>() + d * rows,
                          bias);
    }
    return {*kernels_, cell_, static_cast<int>(inputs), static_cast<int>(hidden_), std::move(packed)};
  }

  static void require_lengths(const Tensor& lengths, int64_t steps, int64_t samples) {
    lengths.require("sequence_lens", {samples});
    for (int64_t i = 0; i < samples; ++i)
      if (lengths.data<int32_t>()[i] < 0 || lengths.data<int32_t>()[i] > steps)
        throw InvalidModel("sequence_lens must lie in 0 … " + std::to_string(steps));
  }

  const OrtApi* api_;
  const Kernels* kernels_;
  Cell cell_;
  int gates_;
  int64_t hidden_;
  std::vector<bool> reverse_;
  std::optional<Layer> layer_;
  bool has_bias_ = false;
};

template <Cell kCell>
OrtCustomOp make_op() {
  OrtCustomOp op{};
  op.version = ort::kApiVersion;
  op.GetName = [](const OrtCustomOp*) { return kCell == Cell::kGru ? "QGRU" : "QLSTM"; };
  op.GetExecutionProviderType = [](const OrtCustomOp*) -> const char* { return nullptr; };  // null is the CPU
  op.GetInputTypeCount = [](const OrtCustomOp*) -> size_t { return kCell == Cell::kGru ? 8 : 9; };
  op.GetInputType = [](const OrtCustomOp*, size_t index) {
    return index == kW || index == kR ? ort::kInt8 : index == kLengths ? ort::kInt32 : ort::kFloat;
  };
  op.GetInputCharacteristic = [](const OrtCustomOp*, size_t index) {
    return index < kB ? ort::kRequired : ort::kOptional;
  };
  op.GetInputMemoryType = [](const OrtCustomOp*, size_t) { return ort::kDefaultMemory; };
  op.GetOutputTypeCount = [](const OrtCustomOp*) -> size_t { return kCell == Cell::kGru ? 2 : 3; };
  op.GetOutputType = [](const OrtCustomOp*, size_t) { return ort::kFloat; };
  op.GetOutputCharacteristic = [](const OrtCustomOp*, size_t) { return ort::kOptional; };
  op.GetVariadicInputMinArity = op.GetVariadicOutputMinArity = [](const OrtCustomOp*) { return 1; };
  op.GetVariadicInputHomogeneity = op.GetVariadicOutputHomogeneity = [](const OrtCustomOp*) { return 1; };
  op.GetStartVersion = [](const OrtCustomOp*) { return 1; };
  op.GetEndVersion = [](const OrtCustomOp*) { return 1; };
  op.CreateKernelV2 = [](const OrtCustomOp*, const OrtApi* api, const OrtKernelInfo* info, void** kernel) {
    return ort::as_status(api, [&] { *kernel = new RecurrentKernel(api, ort::NodeInfo(api, info), kCell); });
  };
  op.KernelComputeV2 = [](void* kernel, OrtKernelContext* context) {
    return static_cast<const RecurrentKernel*>(kernel)->compute(context);
  };
  op.KernelDestroy = [](void* kernel) { delete static_cast<RecurrentKernel*>(kernel); };
  return op;
}

// The ops exist until the process ends, because sessions keep pointers to them.
OrtCustomOpDomain* make_domain(const OrtApi* api) {
  static const OrtCustomOp gru = make_op<Cell::kGru>(), lstm = make_op<Cell::kLstm>();
  OrtCustomOpDomain* domain = nullptr;
  ort::check(ort::CreateCustomOpDomain::call(api, "crnn_deploy", &domain));
  ort::check(ort::CustomOpDomainAdd::call(api, domain, &gru));
  ort::check(ort::CustomOpDomainAdd::call(api, domain, &lstm));
  return domain;
}

}  // namespace
}  // namespace crnn_deploy

// ONNX Runtime calls this when the library is registered with a session's options.
CRNN_DEPLOY_EXPORT OrtStatus* RegisterCustomOps(OrtSessionOptions* options, const OrtApiBase* base) {
  using namespace crnn_deploy;
  const OrtApi* api = base->GetApi(ort::kApiVersion);
  if (!api) return nullptr;  // older than ONNX Runtime 1.20; it runs the functions in the model file
  return ort::as_status(api, [&] {
    if (!kernels()) return;  // on this processor the functions in the model file are faster
    static OrtCustomOpDomain* const domain = make_domain(api);
    ort::check(ort::AddCustomOpDomain::call(api, options, domain));
  });
}

// Name of the kernels in use, or "none". Null if CRNN_DEPLOY_KERNELS names kernels that are not available.
CRNN_DEPLOY_EXPORT const char* crnn_deploy_kernel_level() {
  try {
    const crnn_deploy::Kernels* kernels = crnn_deploy::kernels();
    return kernels ? kernels->name : "none";
  } catch (const std::exception&) {
    return nullptr;
  }
}

// The levels that this build has, for those who distribute it; see kernels.h.
CRNN_DEPLOY_EXPORT const char* crnn_deploy_built_levels() { return crnn_deploy::built_levels(); }
