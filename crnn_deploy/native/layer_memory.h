// The memory of a run of a layer, for layer.cc.
#pragma once

#include <algorithm>

#include "layer.h"

namespace crnn_deploy {

// Bytes from row to row of activations.
inline size_t stride_of(int depth) { return static_cast<size_t>(round_up(depth, kTileDepth)); }

// All arrays of a run are in few blocks of memory, and only what must begin as zeros is written: otherwise a small layer
// would spend as long on its memory as on several steps.
struct Layer::Rounded {
  size_t stride;
  uint8_t* rows;  // x in 8 bits, [T·N, stride]
  uint8_t* rest;  // its rounding errors if x has 16 bits, same shape
  float* scales;  // [T·N]
  Buffer<uint8_t> memory;

  // A product may begin at any row; the memory has space for a multiple of `multiple` rows from there on.
  Rounded(size_t count, int inputs, int multiple, bool fine) : stride(stride_of(inputs)) {
    const size_t bytes = stride * (count + multiple - 1);
    memory = Parts::together([&](Parts& parts) {
      rows = parts.take<uint8_t>(bytes);
      rest = parts.take<uint8_t>(fine ? bytes : 0);
      scales = parts.take<float>(count);
    });
  }
};

struct Layer::Task {
  int number;  // of the direction
  int first;   // sample
  int count;   // of samples
};

struct Layer::Workspace {
  int hidden;        // with padding
  size_t stride;     // bytes from row to row of `rounded`
  int32_t* inputs;   // W·x of the next steps
  int32_t* rest;     // W times the rounding errors of x
  int32_t* states;   // R·h of one step
  uint8_t* rounded;  // h in INT8
  float* scales;     // of the rows of `rounded`
  float* h;
  float* c;
  uint8_t* bytes;  // one row of y
  Buffer<uint8_t> memory;

  // `rows` of x are multiplied at once; the memory has space for a multiple of `multiple` rows.
  Workspace(int unpadded, int columns, int samples, int rows, int multiple, bool fine)
      : hidden(round_up(unpadded, kPanel)), stride(stride_of(hidden)) {
    const size_t sums = static_cast<size_t>(columns) * round_up(rows, multiple);
    const size_t state_rows = round_up(samples, multiple), numbers = static_cast<size_t>(hidden) * samples;
    memory = Parts::together([&](Parts& parts) {
      inputs = parts.take<int32_t>(sums);
      rest = parts.take<int32_t>(fine ? sums : 0);
      states = parts.take<int32_t>(columns * state_rows);
      rounded = parts.take<uint8_t>(stride * state_rows);
      scales = parts.take<float>(samples);
      h = parts.take<float>(numbers);
      c = parts.take<float>(numbers);
      bytes = parts.take<uint8_t>(hidden);
    });
    std::fill_n(h, numbers, 0.0f);
    std::fill_n(c, numbers, 0.0f);
  }
};

}  // namespace crnn_deploy
