// Attributes and constant inputs of nodes, checked: what all ops between bytes have in common.
#pragma once

#include <algorithm>
#include <array>

#include "layer.h"
#include "ort.h"

namespace crnn_deploy {

// Throws InvalidModel if a tensor of floats has a value that is not finite, or less than `least`.
void require_finite(const char* name, const ort::Tensor& tensor, float least);

// Throws InvalidModel if a tensor of signed bytes holds -128.
void require_symmetric(const char* name, const ort::Tensor& tensor);

// How bytes stand for numbers, from the inputs with a scale and a zero point. Throws InvalidModel if these are not
// constant, or are no numbers that kernels can compute with.
Bytes bytes_of(const ort::NodeInfo& node, size_t scale_index, size_t zero_index);

// An attribute with integers from `least` to 32767. Throws InvalidModel if it has others, or another number of them.
std::vector<int> small_integers(const ort::NodeInfo& node, const char* name, size_t count, int least);

template <size_t kCount>
std::array<int, kCount> small_integers(const ort::NodeInfo& node, const char* name, int least) {
  const std::vector<int> values = small_integers(node, name, kCount, least);
  std::array<int, kCount> result;
  std::copy_n(values.begin(), kCount, result.begin());
  return result;
}

}  // namespace crnn_deploy
