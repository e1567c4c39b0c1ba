// A recurrent layer with INT8 weights. Nothing here depends on ONNX Runtime.
//
// Each row of x is rounded to INT8 with its own scale. h is rounded in the same way after every step, so no calibration
// is needed. Products are exact integers; gates and states are FP32. If a layer has many inputs and few units, the
// rounding errors of its inputs add up in saturated gates. In such layers x is rounded to 16 bits: a second product
// multiplies the rounding errors of the first 8 bits.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "matrix.h"

namespace crnn_deploy {

enum class Cell { kGru, kLstm };

// Calls work(0) … work(count - 1), in any order or in parallel.
using Parallel = std::function<void(size_t count, const std::function<void(size_t)>& work)>;

struct Direction {
  // W is `[G·H, C]` and R `[G·H, H]`, each with the scales of its rows; `biases` is `[2·G·H]`, W's before R's. Gates
  // are in ONNX's order.
  Direction(Cell cell, bool reverse, int inputs, int hidden, const int8_t* w, const float* w_scales, const int8_t* r,
            const float* r_scales, const float* biases);

  bool reverse;
  PackedMatrix input;
  PackedMatrix state;
  Buffer<float> bias;
  Buffer<float> candidate_bias;
};

// Bytes that stand for numbers: b for scale · (b - zero).
struct Bytes {
  float scale;
  int zero;
};

// Of a layer that reads and writes bytes.
struct Ends {
  Bytes x, y;
};

// Sizes, inputs and outputs of one run. A pointer is null if an optional input is absent or an output is not used.
struct Batch {
  int steps;             // T
  int samples;           // N
  const float* x;        // [T, N, C]
  const uint8_t* x_bytes;  // [N, T, C], of a layer with `Ends`, instead of x
  const int32_t* lengths;  // [N], each from 0 to T
  const float* first_h;  // [D, N, H]
  const float* first_c;
  float* y;              // [T, D, N, H]; zeros after the end of a sample
  uint8_t* y_bytes;      // [N, T, D, H], of a layer with `Ends`, instead of y
  float* last_h;         // [D, N, H]
  float* last_c;
};

class Layer {
 public:
  // Where x is in bytes, its zero point must be part of the biases: products take it for 128.
  Layer(const Kernels& kernels, Cell cell, int inputs, int hidden, std::vector<Direction> directions,
        std::optional<Ends> ends = {});

  int inputs() const { return inputs_; }  // C

  // Safe to call from several threads at once.
  void run(const Batch& batch, const Parallel& parallel) const;

 private:
  struct Rounded;    // x in INT8
  struct Workspace;  // memory of one task
  struct Task;       // one direction and some of the samples

  void round(const Batch& batch, const Parallel& parallel, const Rounded& rounded) const;
  void place(const Batch& batch, const Rounded& rounded) const;
  void multiply_inputs(const Rounded& rounded, size_t row, int rows, const Weights& weights, const Workspace& to) const;
  void run_task(const Batch& batch, const Rounded& rounded, const Task& task) const;
  void start(const Batch& batch, const Task& task, const Workspace& workspace) const;
  void step(const Batch& batch, const Rounded& rounded, const Task& task, const Workspace& workspace, int time,
            const int32_t* input_sums) const;
  void write(const Batch& batch, const Task& task, const Workspace& workspace, int time, int number) const;
  void finish(const Batch& batch, const Task& task, const Workspace& workspace) const;

  const Kernels& kernels_;
  Cell cell_;
  int inputs_;
  int hidden_;
  bool fine_;  // whether x is rounded to 16 bits
  std::vector<Direction> directions_;
  std::optional<Ends> ends_;
};

}  // namespace crnn_deploy
