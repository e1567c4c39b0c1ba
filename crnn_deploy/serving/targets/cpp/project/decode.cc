#include "decode.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

namespace crnn {
namespace {

using std::size_t;

// A class, and its probability.
struct Best {
  int index;
  float probability;
};

bool hold_probabilities(const Frames& frames) {
  for (size_t t = 0; t < frames.count; ++t) {
    const float* row = frames.values + t * frames.step;
    float sum = 0;
    for (size_t k = 0; k < frames.classes; ++k) {
      if (row[k] < 0) return false;
      sum += row[k];
    }
    if (std::abs(sum - 1) > 1e-3F) return false;
  }
  return true;
}

// The highest probability of a row, at the temperature of the spec.
float highest_probability(const float* row, const float* end, bool is_probability, float temperature) {
  const auto logit = [=](float value) { return is_probability ? std::log(std::max(value, 1e-12F)) : value; };
  const float highest = logit(*std::max_element(row, end));
  float sum = 0;
  for (; row < end; ++row) sum += std::exp((logit(*row) - highest) / temperature);
  return 1 / sum;
}

std::vector<Best> best_of(const Frames& frames, bool are_probabilities, float temperature) {
  std::vector<Best> best;
  for (size_t t = 0; t < frames.count; ++t) {
    const float *row = frames.values + t * frames.step, *end = row + frames.classes;
    if (!std::all_of(row, end, [](float value) { return std::isfinite(value); })) {
      throw std::runtime_error("the model gives NaN or infinite outputs");
    }
    const int index = static_cast<int>(std::max_element(row, end) - row);
    best.push_back({index, highest_probability(row, end, are_probabilities, temperature)});
  }
  return best;
}

// Repeats are merged, with the highest of their probabilities, and blanks dropped.
std::vector<Best> characters_of(const std::vector<Best>& path, int blank) {
  std::vector<Best> found;
  int before = blank;
  for (const Best& frame : path) {
    if (frame.index != blank && frame.index == before) {
      found.back().probability = std::max(found.back().probability, frame.probability);
    } else if (frame.index != blank) {
      found.push_back(frame);
    }
    before = frame.index;
  }
  return found;
}

std::vector<int> classes_of(const std::vector<Best>& found) {
  std::vector<int> classes;
  for (const Best& each : found) classes.push_back(each.index);
  return classes;
}

// The probability that all are right.
float product(const std::vector<Best>& found) {
  double product = 1;
  for (const Best& each : found) product *= each.probability;
  return static_cast<float>(product);
}

// The sequence of classes that begins here. None begins with another one, or with a class that has a text itself.
const ClassSequence* sequence_at(const std::vector<int>& found, size_t at, const Spec& spec) {
  if (!spec.texts[found[at]].empty()) return nullptr;
  for (const auto& sequence : spec.sequences) {
    const auto& classes = sequence.classes;
    if (classes.size() > found.size() - at) continue;
    if (std::equal(classes.begin(), classes.end(), found.begin() + at)) return &sequence;
  }
  return nullptr;
}

std::string text_of(const std::vector<int>& found, const Spec& spec) {
  std::string text;
  for (size_t at = 0; at < found.size();) {
    const ClassSequence* sequence = sequence_at(found, at, spec);
    text += sequence ? sequence->text : spec.texts[found[at]];
    at += sequence ? sequence->classes.size() : 1;
  }
  return text;
}

}  // namespace

Reading decode(const Frames& frames, const Spec& spec) {
  const bool are_probabilities = hold_probabilities(frames);
  const std::vector<Best> path = best_of(frames, are_probabilities, spec.temperature);
  if (spec.classifies) return {std::string(spec.texts[path[0].index]), path[0].probability};
  const std::vector<Best> characters = characters_of(path, spec.blank);
  const std::vector<int> text = spec.search ? spec.search(frames, are_probabilities) : classes_of(characters);
  return {text_of(text, spec), product(characters.empty() ? path : characters)};
}

}  // namespace crnn
