// The op NhwcMaxPool: the largest bytes of windows of a map whose channels lie together, [N, H, W, C].
//
// It computes what ONNX Runtime's own kernel computes in the same time. But ONNX Runtime gives a pooling this layout only
// beside its own convolutions, and between ours each would need two Transposes.
#include <algorithm>
#include <array>

#include "constant_inputs.h"
#include "convolution_op.h"
#include "custom_op.h"

namespace crnn_deploy {
namespace {

using ort::InvalidModel;
using ort::Shape;
using ort::Tensor;

class MaxPool {
 public:
  static constexpr const char* kName = "NhwcMaxPool";
  static constexpr size_t kInputs = 1, kOutputs = 1;
  static ort::ElementType input_type(size_t) { return ort::kUint8; }
  static ort::ElementType output_type(size_t) { return ort::kUint8; }
  static bool is_optional(size_t) { return false; }

  explicit MaxPool(const ort::NodeInfo& node)
      : kernel_(small_integers<2>(node, "kernel_shape", 1)),
        strides_(small_integers<2>(node, "strides", 1)),
        pads_(small_integers<4>(node, "pads", 0)) {
    for (int side = 0; side < 4; ++side)
      if (pads_[side] >= kernel_[side % 2]) throw InvalidModel("pads must be less than kernel_shape");
  }

  void compute(const ort::Run& run) const {
    const Tensor x = run.input(0);
    const Shape& sizes = x.shape();
    if (sizes.size() != 4) throw InvalidModel("X has shape " + ort::to_string(sizes) + ", expected [N, H, W, C]");
    x.require("X", sizes);
    const Shape result{sizes[0], windows(sizes[1], 0), windows(sizes[2], 1), sizes[3]};
    uint8_t* const y = run.output<uint8_t>(0, result);
    if (!y) return;  // nobody reads it
    const size_t bytes = result[2] * result[3];
    run.parallel(static_cast<size_t>(result[0] * result[1]), [&](size_t row) {
      const uint8_t* const map = x.data<uint8_t>() + row / result[1] * sizes[1] * sizes[2] * sizes[3];
      pool_row(map, sizes, static_cast<int64_t>(row % result[1]), result[2], y + row * bytes);
    });
  }

 private:
  // The number of windows along an axis: down (0) or across (1).
  int64_t windows(int64_t size, int axis) const {
    const int64_t padded = size + pads_[axis] + pads_[axis + 2];
    if (padded < kernel_[axis]) throw InvalidModel("X is smaller than the kernel");
    return (padded - kernel_[axis]) / strides_[axis] + 1;
  }

  // One row of windows of one map.
  void pool_row(const uint8_t* map, const Shape& sizes, int64_t row, int64_t count, uint8_t* y) const {
    const int64_t height = sizes[1], width = sizes[2], channels = sizes[3];
    const int64_t top = row * strides_[0] - pads_[0];
    const int64_t first_row = std::max<int64_t>(0, top), end_row = std::min(height, top + kernel_[0]);
    for (int64_t column = 0; column < count; ++column, y += channels) {
      const int64_t left = column * strides_[1] - pads_[1];
      const int64_t first = std::max<int64_t>(0, left), end = std::min(width, left + kernel_[1]);
      std::fill_n(y, channels, static_cast<uint8_t>(0));
      for (int64_t in_row = first_row; in_row < end_row; ++in_row)
        for (int64_t in_column = first; in_column < end; ++in_column) {
          const uint8_t* const pixel = map + (in_row * width + in_column) * channels;
          for (int64_t channel = 0; channel < channels; ++channel) y[channel] = std::max(y[channel], pixel[channel]);
        }
    }
  }

  std::array<int, 2> kernel_, strides_;
  std::array<int, 4> pads_;
};

}  // namespace

OrtCustomOp pool_op() { return custom_op<MaxPool>(); }

}  // namespace crnn_deploy
