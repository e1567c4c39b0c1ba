// Constant inputs of nodes, checked: what all ops between bytes have in common.
#pragma once

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

}  // namespace crnn_deploy
