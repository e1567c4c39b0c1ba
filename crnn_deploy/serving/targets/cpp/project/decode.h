// From the network's output to text, by the spec.
#pragma once

#include <cstddef>

#include "crnn_reader.h"
#include "spec.h"

namespace crnn {

// Frames of one line, or the one frame of a classifier: `count` rows of `classes` numbers each, which are logits,
// log-probabilities or probabilities. Each row begins `step` numbers behind the one before.
struct Frames {
  const float* values;
  std::size_t count;
  std::size_t classes;
  std::size_t step;
};

// Throws std::runtime_error if a number is NaN or infinite.
Reading decode(const Frames& frames, const Spec& spec);

}  // namespace crnn
