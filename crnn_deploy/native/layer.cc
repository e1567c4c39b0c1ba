#include "layer.h"

#include <algorithm>
#include <cmath>

#include "layer_memory.h"

namespace crnn_deploy {

namespace {

constexpr int kSamples = 16;     // in a task: each reading of the weights then serves enough rows
constexpr int kRowsAtOnce = 32;  // of x in one product; its sums stay in the cache until the steps use them
constexpr int kRowsRounded = 64;  // of x, by one call of a thread
constexpr int kManyInputs = 4;  // per unit; above, x is rounded to 16 bits (worst case: 39 dB below, 38 dB above)
constexpr int kFinerBits = 8;   // one step of the first product is 2^kFinerBits steps of the second
constexpr int kFiner = 1 << kFinerBits;

// The factor of each gate that brings its sums to the exponent's units (see kExponent).
const std::vector<float>& factors(Cell cell) {
  static const std::vector<float> gru{kExponent, kExponent, 2 * kExponent};
  static const std::vector<float> lstm{kExponent, kExponent, kExponent, 2 * kExponent};
  return cell == Cell::kGru ? gru : lstm;
}

// The bias that is added to the sum of both products: W's plus R's. For a GRU's candidate it is only W's, because there
// the reset gate first multiplies R·h and R's bias.
std::vector<float> shared_bias(Cell cell, int hidden, const float* biases) {
  const size_t rows = factors(cell).size() * hidden, summed = cell == Cell::kGru ? 2 * hidden : rows;
  std::vector<float> shared(biases, biases + rows);
  for (size_t i = 0; i < summed; ++i) shared[i] += biases[rows + i];
  return shared;
}

// The rounding error of `rounded` against x `[count]`, in steps of scale / 256 and with 128 added.
void round_rest(const float* x, int count, float scale, const uint8_t* rounded, uint8_t* rest) {
  const float inverse = std::isnan(scale) ? 0.0f : kFiner / scale;
  for (int i = 0; i < count; ++i) {
    const float over = inverse == 0.0f ? 0.0f : x[i] * inverse - static_cast<float>(kFiner * (rounded[i] - 128));
    rest[i] = static_cast<uint8_t>(std::nearbyint(std::clamp(over, -127.0f, 127.0f)) + 128);
  }
}

}  // namespace

Direction::Direction(Cell cell, bool reverse, int inputs, int hidden, const int8_t* w, const float* w_scales,
                     const int8_t* r, const float* r_scales, const float* biases)
    : reverse(reverse),
      input(w, w_scales, factors(cell), hidden, inputs),
      state(r, r_scales, factors(cell), hidden, hidden),
      bias(padded(shared_bias(cell, hidden, biases).data(), factors(cell), hidden)) {
  if (cell == Cell::kGru) candidate_bias = padded(biases + 5 * hidden, {factors(cell)[2]}, hidden);
}

Layer::Layer(const Kernels& kernels, Cell cell, int inputs, int hidden, std::vector<Direction> directions,
             std::optional<Ends> ends)
    : kernels_(kernels),
      cell_(cell),
      inputs_(inputs),
      hidden_(hidden),
      fine_(!ends && inputs > kManyInputs * hidden),
      directions_(std::move(directions)),
      ends_(ends) {}

void Layer::run(const Batch& batch, const Parallel& parallel) const {
  const size_t rows = static_cast<size_t>(batch.steps) * batch.samples;
  const Rounded rounded(rows, inputs_, kernels_.row_multiple, fine_);
  if (ends_)
    place(batch, rounded);
  else
    round(batch, parallel, rounded);

  std::vector<Task> tasks;
  for (int first = 0; first < batch.samples; first += kSamples)
    for (int number = 0; number < static_cast<int>(directions_.size()); ++number)
      tasks.push_back({number, first, std::min(kSamples, batch.samples - first)});
  parallel(tasks.size(), [&](size_t index) { run_task(batch, rounded, tasks[index]); });
}

void Layer::round(const Batch& batch, const Parallel& parallel, const Rounded& rounded) const {
  const size_t rows = static_cast<size_t>(batch.steps) * batch.samples;
  parallel((rows + kRowsRounded - 1) / kRowsRounded, [&](size_t part) {
    for (size_t row = part * kRowsRounded; row < std::min(rows, (part + 1) * kRowsRounded); ++row) {
      const float* x = batch.x + row * inputs_;
      uint8_t* to = rounded.rows + row * rounded.stride;
      const float scale = rounded.scales[row] = kernels_.round(x, inputs_, kernels_.magnitude(x, inputs_), to);
      if (fine_) round_rest(x, inputs_, scale, to, rounded.rest + row * rounded.stride);
    }
  });
}

// Brings the bytes of x into the order of the steps.
void Layer::place(const Batch& batch, const Rounded& rounded) const {
  for (int time = 0; time < batch.steps; ++time)
    for (int sample = 0; sample < batch.samples; ++sample) {
      const size_t from = static_cast<size_t>(sample) * batch.steps + time;
      const size_t to = static_cast<size_t>(time) * batch.samples + sample;
      std::copy_n(batch.x_bytes + from * inputs_, inputs_, rounded.rows + to * rounded.stride);
      rounded.scales[to] = ends_->x.scale;
    }
}

void Layer::multiply_inputs(const Rounded& rounded, size_t row, int rows, const Weights& weights,
                            const Workspace& to) const {
  kernels_.multiply(rounded.rows + row * rounded.stride, rounded.stride, rows, weights, false, to.inputs);
  if (!fine_) return;
  kernels_.multiply(rounded.rest + row * rounded.stride, rounded.stride, rows, weights, false, to.rest);
  for (size_t i = 0; i < static_cast<size_t>(rows) * weights.columns; ++i)
    to.inputs[i] += (to.rest[i] + kFiner / 2) >> kFinerBits;  // rounded to whole steps of the first product
}

void Layer::run_task(const Batch& batch, const Rounded& rounded, const Task& task) const {
  const Direction& direction = directions_[task.number];
  const Weights weights = direction.input.weights();
  // One product can serve several steps only if their rows of x are adjacent, that is, if the task has all samples.
  const int most = task.count == batch.samples ? std::max(1, kRowsAtOnce / task.count) : 1;
  const int at_once = std::min(most, batch.steps);
  const Workspace workspace(hidden_, weights.columns, task.count, at_once * task.count, kernels_.row_multiple,
                            fine_);
  if (kernels_.begin) kernels_.begin();
  start(batch, task, workspace);
  for (int done = 0; done < batch.steps; done += at_once) {
    const int steps = std::min(at_once, batch.steps - done);
    const int earliest = direction.reverse ? batch.steps - done - steps : done;
    const size_t row = static_cast<size_t>(earliest) * batch.samples + task.first;
    multiply_inputs(rounded, row, steps * task.count, weights, workspace);
    for (int i = 0; i < steps; ++i) {
      const int offset = direction.reverse ? steps - 1 - i : i;
      step(batch, rounded, task, workspace, earliest + offset,
           workspace.inputs + static_cast<size_t>(offset) * task.count * weights.columns);
    }
  }
  finish(batch, task, workspace);
  if (kernels_.end) kernels_.end();
}

void Layer::start(const Batch& batch, const Task& task, const Workspace& w) const {
  for (int i = 0; i < task.count; ++i) {
    const size_t from = (static_cast<size_t>(task.number) * batch.samples + task.first + i) * hidden_;
    const size_t to = static_cast<size_t>(i) * w.hidden;
    if (batch.first_h) std::copy_n(batch.first_h + from, hidden_, w.h + to);
    if (batch.first_c) std::copy_n(batch.first_c + from, hidden_, w.c + to);
    const float magnitude = kernels_.magnitude(w.h + to, w.hidden);
    w.scales[i] = kernels_.round(w.h + to, w.hidden, magnitude, w.rounded + i * w.stride);
  }
}

void Layer::step(const Batch& batch, const Rounded& rounded, const Task& task, const Workspace& w, int time,
                 const int32_t* input_sums) const {
  const Direction& direction = directions_[task.number];
  const int columns = direction.state.columns();
  kernels_.multiply(w.rounded, w.stride, task.count, direction.state.weights(), time % 2 == 1, w.states);
  for (int i = 0; i < task.count; ++i) {
    const int sample = task.first + i;
    float* y = nullptr;
    if (batch.y)
      y = batch.y + ((static_cast<size_t>(time) * directions_.size() + task.number) * batch.samples + sample) * hidden_;
    if (batch.lengths && time >= batch.lengths[sample]) {
      if (y) std::fill_n(y, hidden_, 0.0f);
      continue;
    }
    float* h = w.h + static_cast<size_t>(i) * w.hidden;
    float* c = w.c + static_cast<size_t>(i) * w.hidden;
    const Step step{w.hidden,
                    input_sums + static_cast<size_t>(i) * columns,
                    rounded.scales[static_cast<size_t>(time) * batch.samples + sample],
                    direction.input.scales(),
                    w.states + static_cast<size_t>(i) * columns,
                    w.scales[i],
                    direction.state.scales(),
                    direction.bias.get(),
                    direction.candidate_bias.get()};
    const float magnitude = cell_ == Cell::kGru ? kernels_.gru(step, h) : kernels_.lstm(step, h, c);
    w.scales[i] = kernels_.round(h, w.hidden, magnitude, w.rounded + i * w.stride);
    if (y) std::copy_n(h, hidden_, y);
    if (batch.y_bytes) write(batch, task, w, time, i);
  }
}

// Writes a step of the sample with this number in the task as bytes.
void Layer::write(const Batch& batch, const Task& task, const Workspace& w, int time, int number) const {
  const size_t row = static_cast<size_t>(task.first + number) * batch.steps + time;
  const Bytes& y = ends_->y;
  kernels_.to_bytes(w.h + static_cast<size_t>(number) * w.hidden, w.hidden, 1.0f / y.scale, static_cast<float>(y.zero),
                    w.bytes);
  std::copy_n(w.bytes, hidden_, batch.y_bytes + (row * directions_.size() + task.number) * hidden_);
}

void Layer::finish(const Batch& batch, const Task& task, const Workspace& w) const {
  for (int i = 0; i < task.count; ++i) {
    const size_t to = (static_cast<size_t>(task.number) * batch.samples + task.first + i) * hidden_;
    const size_t from = static_cast<size_t>(i) * w.hidden;
    if (batch.lengths && batch.lengths[task.first + i] == 0) {
      // Zeros even if there is an initial state, as in ONNX Runtime's own layers.
      if (batch.last_h) std::fill_n(batch.last_h + to, hidden_, 0.0f);
      if (batch.last_c) std::fill_n(batch.last_c + to, hidden_, 0.0f);
      continue;
    }
    if (batch.last_h) std::copy_n(w.h + from, hidden_, batch.last_h + to);
    if (batch.last_c) std::copy_n(w.c + from, hidden_, batch.last_c + to);
  }
}

}  // namespace crnn_deploy
