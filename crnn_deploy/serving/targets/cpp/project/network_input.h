// From an image to the network's input, by the spec.
#pragma once

#include <vector>

#include "crnn_reader.h"
#include "spec.h"

namespace crnn {

// [channels, height, width] of one image.
struct NetworkInput {
  int width = 0;
  std::vector<float> values;
};

// Throws std::invalid_argument for an image without pixels, or with more than 2^26.
NetworkInput network_input(const Image& image, const Spec& spec);

}  // namespace crnn
