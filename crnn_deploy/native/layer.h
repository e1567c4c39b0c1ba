// A recurrent layer with INT8 weights, apart from how ONNX Runtime hands it its tensors.
//
// Rows of x are rounded to INT8, each with its own scale; so is h after every step, whose range needs no calibration.
// Products are exact integers; gates and states are FP32. Where many inputs meet few units, their rounding errors add up
// in saturated gates, so there x is rounded to 16 bits: what 8 bits leave over goes through a second product.
#pragma once

#include <functional>
#include <vector>

#include "matrix.h"

namespace crnn_deploy {

enum class Cell { kGru, kLstm };

// Calls work(0) … work(count - 1), in any order or at once.
using Parallel = std::function<void(size_t count, const std::function<void(size_t)>& work)>;

struct Direction {
  // W `[G·H, C]` and R `[G·H, H]` with the scales of their rows; biases `[2·G·H]`, W's before R's; in ONNX's order.
  Direction(Cell cell, bool reverse, int inputs, int hidden, const int8_t* w, const float* w_scales, const int8_t* r,
            const float* r_scales, const float* biases);

  bool reverse;
  PackedMatrix input;
  PackedMatrix state;
  Buffer<float> bias;
  Buffer<float> candidate_bias;
};

// One batch: sizes, inputs, and where results go. Null where an input is left out or a result is not wanted.
struct Batch {
  int steps;             // T
  int samples;           // N
  const float* x;        // [T, N, C]
  const int32_t* lengths;  // [N], each from 0 to T
  const float* first_h;  // [D, N, H]
  const float* first_c;
  float* y;              // [T, D, N, H]; zeros behind a sample's end
  float* last_h;         // [D, N, H]
  float* last_c;
};

class Layer {
 public:
  Layer(const Kernels& kernels, Cell cell, int inputs, int hidden, std::vector<Direction> directions);

  // Safe to call from several threads at once.
  void run(const Batch& batch, const Parallel& parallel) const;

 private:
  struct Rounded;    // x in INT8
  struct Workspace;  // of one task: a direction over some of the samples
  struct Task;

  void round(const Batch& batch, const Parallel& parallel, const Rounded& rounded) const;
  void multiply_inputs(const Rounded& rounded, size_t row, int rows, const Weights& weights, const Workspace& to) const;
  void run_task(const Batch& batch, const Rounded& rounded, const Task& task) const;
  void start(const Batch& batch, const Task& task, const Workspace& workspace) const;
  void step(const Batch& batch, const Rounded& rounded, const Task& task, const Workspace& workspace, int time,
            const int32_t* input_sums) const;
  void finish(const Batch& batch, const Task& task, const Workspace& workspace) const;

  const Kernels& kernels_;
  Cell cell_;
  int inputs_;
  int hidden_;
  bool fine_;  // x in 16 bits
  std::vector<Direction> directions_;
};

}  // namespace crnn_deploy
