// What a CrnnGru node may look like: its fields and its tensors.
//
// Inputs, in this order, all float or all half (but the lengths):
//   gates          [N, T, D · 3H]  z, r, h of each direction, with the projection's biases
//   R              [D, 3H, H]
//   b              [D, H]          bias of the candidate's recurrent product
//   sequence_lens  [N]             INT32; may be left out
//   initial_h      [D, N, H]       may be left out
// A fourth and last input is the lengths if it is INT32, and the initial state otherwise. Output: Y [N, T, D · H].
#pragma once

#include <optional>
#include <string_view>

#include "plugin_abi.h"

namespace crnn_deploy {

// The fields of a node: hidden_size (INT32) and direction (CHAR, with or without a zero at its end).
struct GruFields {
  int32_t hidden;
  std::string_view direction;  // "forward", "reverse" or "bidirectional", for as long as the program runs

  int32_t directions() const { return direction == "bidirectional" ? 2 : 1; }
  // Nothing where a field is missing, or is not what it should be. Those with other names don't matter.
  static std::optional<GruFields> read(nvinfer1::PluginFieldCollection const* fields);
  static nvinfer1::PluginFieldCollection const* names();
};

enum GruInput { kGates, kRecurrent, kBias, kFirstOptional };
constexpr int32_t kMostInputs = 5;

// Positions of the inputs that may be left out; -1 where they are.
struct OptionalInputs {
  int32_t lengths, initial;

  OptionalInputs(int32_t input_count, nvinfer1::DataType fourth);
};

// A tensor as TensorRT describes it: a size of -1 is not known yet.
struct GruTensor {
  nvinfer1::Dims dims;
  nvinfer1::DataType type;
};

constexpr bool counts_fit(int32_t input_count, int32_t output_count) {
  return input_count >= kFirstOptional && input_count <= kMostInputs && output_count == 1;
}

// Whether a tensor may have the type `type`. `position` counts the inputs, then the output.
bool type_fits(int32_t position, int32_t input_count, nvinfer1::DataType type, nvinfer1::DataType gates);

// Whether types and sizes agree with each other and with the fields, as far as the sizes are known.
bool tensors_fit(GruFields const& fields, GruTensor const* inputs, int32_t input_count, GruTensor const& output);

}  // namespace crnn_deploy
