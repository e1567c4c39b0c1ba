// The fields and tensors of a valid CrnnGru node.
//
// Inputs, in this order. All but the lengths have the same type, float or half:
//   gates          [N, T, D · 3H]  z, r, h of each direction; they include the biases of the projection
//   R              [D, 3H, H]
//   b              [D, H]          bias of the candidate's recurrent product
//   sequence_lens  [N]             INT32, optional
//   initial_h      [D, N, H]       optional
// If there are four inputs, the last is the lengths if it is INT32, otherwise the initial state.
// Output: Y [N, T, D · H].
#pragma once

#include <optional>
#include <string_view>

#include "plugin_abi.h"

namespace crnn_deploy {

// The fields of a node: hidden_size (INT32) and direction (CHAR, with or without a zero at its end).
struct GruFields {
  int32_t hidden;
  std::string_view direction;  // "forward", "reverse" or "bidirectional", in static memory

  int32_t directions() const { return direction == "bidirectional" ? 2 : 1; }
  // nullopt if a field is missing or invalid. Fields with other names are ignored.
  static std::optional<GruFields> read(nvinfer1::PluginFieldCollection const* fields);
  static nvinfer1::PluginFieldCollection const* names();
};

enum GruInput { kGates, kRecurrent, kBias, kFirstOptional };
constexpr int32_t kMostInputs = 5;

// Positions of the optional inputs; -1 for one that is absent.
struct OptionalInputs {
  int32_t lengths, initial;

  OptionalInputs(int32_t input_count, nvinfer1::DataType fourth);
};

// A tensor as TensorRT describes it. A size of -1 is not known yet.
struct GruTensor {
  nvinfer1::Dims dims;
  nvinfer1::DataType type;
};

constexpr bool counts_fit(int32_t input_count, int32_t output_count) {
  return input_count >= kFirstOptional && input_count <= kMostInputs && output_count == 1;
}

// Whether a tensor may have the type `type`, if the gates have the type `gates`. `position` counts inputs, then output.
bool type_fits(int32_t position, int32_t input_count, nvinfer1::DataType type, nvinfer1::DataType gates);

// Whether types and sizes agree with each other and with the fields, as far as the sizes are known.
bool tensors_fit(GruFields const& fields, GruTensor const* inputs, int32_t input_count, GruTensor const& output);

}  // namespace crnn_deploy
