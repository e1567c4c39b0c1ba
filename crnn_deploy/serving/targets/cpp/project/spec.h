// What the network sees and what its classes mean: the parts of spec.json that reading needs, under the same names.
// model_spec.h, which was made from spec.json, fills them in.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace crnn {

enum class Channels { kGrey, kRgb, kBgr };
enum class Filter { kNearest, kBilinear, kBicubic, kLanczos, kLinear };
enum class Rounding { kCeil, kRound, kFloor };

// Classes that stand for a text only together and in this order.
struct ClassSequence {
  std::vector<int> classes;
  std::string_view text;
};

struct Frames;

// Finds the classes of the best text of a line, whose numbers are probabilities or else logits.
using Search = std::function<std::vector<int>(const Frames& frames, bool are_probabilities)>;

struct Spec {
  // From an image to the network's input. Sizes are in pixels.
  Channels channels = Channels::kGrey;
  int height = 0;
  int width = 0;  // 0: the aspect ratio is kept, and the width follows from the image
  bool keep_ratio = false;
  bool letterbox = false;
  Rounding width_rounding = Rounding::kCeil;
  int width_multiple = 1;
  int min_width = 1;
  int max_width = 1;
  Filter resize = Filter::kBilinear;
  bool grey_last = false;
  std::array<float, 3> mean{};  // of each channel; pixels are 0 to 1
  std::array<float, 3> std{};
  bool normalise_by_image = false;
  bool pad_with_edge = false;
  std::array<std::uint8_t, 3> padding{};  // colour of what pads, unless the edge of the line does
  int pad_to = 1;
  int margin = 0;
  bool invert = false;

  // From the network's output to text, or to the name of a class.
  bool classifies = false;
  int blank = 0;
  bool time_first = false;              // the output is [T, N, K], not [N, T, K]
  float temperature = 1;                // that logits are divided by before they become confidences
  std::vector<std::string_view> texts;  // of each class, in UTF-8; the blank has none
  std::vector<ClassSequence> sequences;
  Search search;  // with a language model; without one the most probable path is the text

  // The graph.
  const char* input = "";
  const char* output = "";
  int batch = 0;  // images that it takes at once; 0: any number
};

}  // namespace crnn
