// The ops QLinearNhwcConv and QLinearNhwcConvAdd; see onnx_graph/qlinear_nhwc_conv.py. All inputs but X and Z must be
// constant.
#include "convolution_op.h"

#include <algorithm>
#include <limits>

#include "constant_inputs.h"
#include "convolution.h"
#include "custom_op.h"

namespace crnn_deploy {
namespace {

using ort::InvalidModel;
using ort::Shape;
using ort::Tensor;

enum { kX, kW, kWScale, kB, kXScale, kXZero, kYScale, kYZero, kZ, kZScale, kZZero, kSumScale, kSumZero, kEnd };

constexpr int64_t kMostBytes = std::numeric_limits<int32_t>::max() / 2;  // of a map with its padding, and of weights

Geometry geometry_of(const ort::NodeInfo& node, const Tensor& w) {
  const Shape& sizes = w.shape();
  if (sizes.size() != 4) throw InvalidModel("W has shape " + ort::to_string(sizes) + ", expected [M, C, kh, kw]");
  int64_t weights = 1;
  for (int64_t size : sizes) {
    if (size < 1 || size > kMostBytes / weights) throw InvalidModel("W has shape " + ort::to_string(sizes));
    weights *= size;
  }
  Geometry geometry{};
  geometry.filters = static_cast<int>(sizes[0]);
  geometry.channels = static_cast<int>(sizes[1]);
  std::copy_n(sizes.begin() + 2, 2, geometry.kernel.begin());
  if (geometry.packed_bytes() > kMostBytes) throw InvalidModel("W is too large: " + ort::to_string(sizes));
  geometry.strides = small_integers<2>(node, "strides", 1);
  geometry.pads = small_integers<4>(node, "pads", 0);
  return geometry;
}

// Throws InvalidModel if a sum of products could be larger than 32 bits.
void require_small_sums(const Geometry& geometry, const int8_t* weights, const int32_t* bias) {
  const int64_t count = static_cast<int64_t>(geometry.channels) * geometry.kernel[0] * geometry.kernel[1];
  for (int filter = 0; filter < geometry.filters; ++filter) {
    int64_t largest = bias ? std::abs(static_cast<int64_t>(bias[filter])) : 0;
    for (int64_t k = 0; k < count; ++k) largest += 255 * std::abs(static_cast<int64_t>(weights[filter * count + k]));
    if (largest > std::numeric_limits<int32_t>::max()) throw InvalidModel("W and B are too large for sums of 32 bits");
  }
}

Convolution constant_convolution(const ort::NodeInfo& node, bool adds) {
  const Tensor w = node.constant_input(kW), scales = node.constant_input(kWScale);
  if (!w || !scales) throw InvalidModel("W and W_scale must be constant");
  const Geometry geometry = geometry_of(node, w);
  scales.require("W_scale", {geometry.filters});
  require_finite("W_scale", scales, 0.0f);
  require_symmetric("W", w);
  const Tensor bias = node.optional_constant("B", kB);
  if (bias) bias.require("B", {geometry.filters});
  require_small_sums(geometry, w.data<int8_t>(), bias.data<int32_t>());
  std::optional<Addend> added;
  if (adds) added = Addend{bytes_of(node, kZScale, kZZero), bytes_of(node, kSumScale, kSumZero)};
  return {usable_kernels(), geometry, w.data<int8_t>(), scales.data<float>(), bias.data<int32_t>(),
          bytes_of(node, kXScale, kXZero), bytes_of(node, kYScale, kYZero), added};
}

template <bool kAdds>
class NhwcConv {
 public:
  static constexpr const char* kName = kAdds ? "QLinearNhwcConvAdd" : "QLinearNhwcConv";
  static constexpr size_t kInputs = kAdds ? kEnd : kZ, kOutputs = 1;
  static ort::ElementType input_type(size_t index) {
    switch (index) {
      case kW: return ort::kInt8;
      case kB: return ort::kInt32;
      case kWScale: case kXScale: case kYScale: case kZScale: case kSumScale: return ort::kFloat;
      default: return ort::kUint8;
    }
  }
  static ort::ElementType output_type(size_t) { return ort::kUint8; }
  static bool is_optional(size_t index) { return index == kB; }

  explicit NhwcConv(const ort::NodeInfo& node) : convolution_(constant_convolution(node, kAdds)) {}

  void compute(const ort::Run& run) const {
    const Geometry& geometry = convolution_.geometry();
    const Tensor x = run.input(kX), z = kAdds ? run.input(kZ) : Tensor();
    if (x.shape().size() != 4)
      throw InvalidModel("X has shape " + ort::to_string(x.shape()) + ", expected [N, H, W, C]");
    const int64_t samples = x.shape()[0], height = x.shape()[1], width = x.shape()[2];
    x.require("X", {samples, height, width, geometry.channels});
    const Shape result = result_shape(samples, height, width);
    if (z) z.require("Z", result);

    Maps maps{};
    maps.samples = static_cast<int>(samples);
    maps.height = static_cast<int>(height);
    maps.width = static_cast<int>(width);
    maps.x = x.data<uint8_t>();
    maps.z = z.data<uint8_t>();
    maps.y = run.output<uint8_t>(0, result);
    if (!maps.y) return;  // nobody reads it
    convolution_.run(maps, [&run](size_t count, const std::function<void(size_t)>& work) { run.parallel(count, work); });
  }

 private:
  Shape result_shape(int64_t samples, int64_t height, int64_t width) const {
    const Geometry& geometry = convolution_.geometry();
    const int64_t rows = height + geometry.pads[0] + geometry.pads[2];
    const int64_t columns = width + geometry.pads[1] + geometry.pads[3];
    if (rows < geometry.kernel[0] || columns < geometry.kernel[1]) throw InvalidModel("X is smaller than the kernel");
    const int64_t pixels = kMostBytes / std::max(geometry.channels, geometry.filters);
    if (samples > kMostBytes || rows > pixels || columns > pixels / rows) throw InvalidModel("X is too large");
    return {samples, geometry.height(height), geometry.width(width), geometry.filters};
  }

  Convolution convolution_;
};

}  // namespace

OrtCustomOp convolution_op(bool adds) { return adds ? custom_op<NhwcConv<true>>() : custom_op<NhwcConv<false>>(); }

}  // namespace crnn_deploy
