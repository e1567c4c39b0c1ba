// A convolution in INT8, of maps whose channels lie together: [N, H, W, C]. Nothing here depends on ONNX Runtime.
//
// In such a map the numbers that one row of the kernel covers, kw · C bytes, lie together. So a convolution is a product
// whose rows of activations consist of kh pieces; they are read where they are, and not copied into columns (im2col).
#pragma once

#include <array>
#include <optional>

#include "layer.h"

namespace crnn_deploy {

struct Geometry {
  int channels, filters;
  std::array<int, 2> kernel, strides;  // height and width
  std::array<int, 4> pads;             // top, left, bottom, right

  // Bytes of the weights when they are packed: rows of the kernel fill whole tiles, and filters whole panels.
  int64_t packed_bytes() const;

  // Height and width of the result, where x is at least as large as the kernel.
  int64_t height(int64_t of_x) const { return (of_x + pads[0] + pads[2] - kernel[0]) / strides[0] + 1; }
  int64_t width(int64_t of_x) const { return (of_x + pads[1] + pads[3] - kernel[1]) / strides[1] + 1; }
};

// What is added to the result: a map z of the same shape, in bytes, and how the sum is stored.
struct Addend {
  Bytes z, sum;
};

struct Maps {
  int samples, height, width;  // of x
  const uint8_t* x;            // [N, H, W, C]
  const uint8_t* z;            // [N, H', W', M], with an `Addend`
  uint8_t* y;                  // [N, H', W', M]
};

class Convolution {
 public:
  // `weights` is `[M, C, kh, kw]`, as in ONNX, with the scales of its filters `[M]`; `bias` is `[M]` in units of x's
  // scale times these, or null. Each result is rounded to bytes like y before `added` is added.
  Convolution(const Kernels& kernels, const Geometry& geometry, const int8_t* weights, const float* scales,
              const int32_t* bias, Bytes x, Bytes y, std::optional<Addend> added);

  const Geometry& geometry() const { return geometry_; }

  // Safe to call from several threads at once.
  void run(const Maps& maps, const Parallel& parallel) const;

 private:
  struct Plan;  // how the rows of one run are computed

  void pad(const Maps& maps, const Plan& plan, int sample, uint8_t* padded) const;
  void run_block(const Maps& maps, const Plan& plan, const uint8_t* padded, int sample, int block) const;
  void write(const Maps& maps, const Plan& plan, int sample, int first, int rows, int panel, const int32_t* sums) const;
  void add(const Maps& maps, size_t first, size_t count) const;

  const Kernels& kernels_;
  Geometry geometry_;
  PackedMatrix weights_;
  Buffer<int32_t> starts_;   // what the sums of a filter begin with: its bias, and what the zero point of x adds
  Bytes x_, y_;
  std::optional<Addend> added_;
};

}  // namespace crnn_deploy
