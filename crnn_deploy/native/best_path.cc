// The characters on the most probable path of a line, for best_path.py; the same as reading/best_path.py.
#include <algorithm>
#include <cstdint>
#include <exception>

#include "export.h"
#include "kernels.h"

// Equal frames on the path: their class, their highest probability, the first one and the one after the last.
struct PathRun {
  int32_t label;
  float highest;
  int32_t first, end;
};

struct PathInput {
  const float* output;  // [frames, classes], logits or log-probabilities
  PathRun* runs;        // [frames]; those of blanks are left out
  double* confidence;   // of the line: the product of the runs, or where there are none, of all frames
  int32_t frames, classes;
  int32_t blank;
  float temperature;
};

namespace {

constexpr int kLanes = 8;  // maxima that do not wait for each other; compilers make vectors of them

float largest_of(const float* row, int classes) {
  float lanes[kLanes];
  std::fill_n(lanes, kLanes, row[0]);
  int k = 0;
  for (; k + kLanes <= classes; k += kLanes)
    for (int lane = 0; lane < kLanes; ++lane) lanes[lane] = lanes[lane] < row[k + lane] ? row[k + lane] : lanes[lane];
  for (; k < classes; ++k) lanes[0] = std::max(lanes[0], row[k]);
  return *std::max_element(lanes, lanes + kLanes);
}

// The runs on the path of a line; all numbers of its output must be finite.
int32_t find_path(const crnn_deploy::Kernels& kernels, const PathInput& line) {
  int32_t count = 0, before = -1;
  double of_frames = 1.0;
  for (int32_t frame = 0; frame < line.frames; ++frame) {
    const float* const row = line.output + static_cast<size_t>(frame) * line.classes;
    const float largest = largest_of(row, line.classes);
    const int32_t label = static_cast<int32_t>(std::find(row, row + line.classes, largest) - row);
    const float highest = kernels.largest_share(row, line.classes, largest, 1.0f / line.temperature);
    of_frames *= highest;
    if (label == before && label != line.blank) {
      PathRun& run = line.runs[count - 1];
      run.highest = std::max(run.highest, highest);
      run.end = frame + 1;
    } else if (label != line.blank) {
      line.runs[count++] = {label, highest, frame, frame + 1};
    }
    before = label;
  }
  *line.confidence = count ? 1.0 : of_frames;
  for (int32_t run = 0; run < count; ++run) *line.confidence *= line.runs[run].highest;
  return count;
}

}  // namespace

// Returns the number of runs, or -1 if the environment names kernels that are not there.
CRNN_DEPLOY_EXPORT int32_t crnn_deploy_best_path(const PathInput* line) {
  try {
    return find_path(crnn_deploy::any_kernels(), *line);
  } catch (const std::exception&) {
    return -1;
  }
}
