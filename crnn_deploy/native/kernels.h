// The inner loops, one set for each level of processor. All levels compute the same sums of products.
#pragma once

#include <cstddef>
#include <cstdint>

namespace crnn_deploy {

constexpr int kPanel = 16;      // columns that are computed side by side: one 512-bit register of INT32
constexpr int kDot = 4;         // bytes that one step multiplies and sums up
constexpr int kTileDepth = 64;  // bytes of a row of an AMX tile; rows of activations and weights are padded to it
constexpr int kTileRows = 16;

static constexpr int round_up(int value, int multiple) { return (value + multiple - 1) / multiple * multiple; }

// e^-x = 2^(kExponent · x). Scales and biases of a gate with a sigmoid are multiplied by it beforehand, and those of a
// gate with a tanh by twice of it, since tanh(x) = 2·sigmoid(2x) - 1.
constexpr float kExponent = -1.44269504f;

// INT8 weights of G gates, `[G·hidden, depth]`, in panels of 16 columns, of which up to 12 lie beside each other: byte
// (panel / 12, k / 4, panel % 12, column, k % 4). So a product that runs over k reads memory in order. Each gate is
// padded with zeros to whole panels, so that a gate's units always fill whole vectors.
constexpr int kGroup = 12;

struct Weights {
  const int8_t* bytes;
  int depth;               // bytes of a row that matter
  int depth_stored;        // whole tiles
  int columns;             // of all gates with their padding
  const int32_t* offsets;  // [columns]; take away what the 128 in every unsigned activation adds to the sums
};

// What the levels share in headers is static: a copy compiled for a newer processor must not serve an older one.
static inline int panels_of(const Weights& weights) { return weights.columns / kPanel; }

// Panels that lie beside the given one, itself included.
static inline int group_of(const Weights& weights, int panel) {
  const int behind = panels_of(weights) - panel / kGroup * kGroup;
  return behind < kGroup ? behind : kGroup;
}

// Bytes from one step over k to the next.
static inline size_t step_of(const Weights& weights, int panel) {
  return static_cast<size_t>(group_of(weights, panel)) * kPanel * kDot;
}

// Where a panel begins.
static inline size_t offset_of(const Weights& weights, int panel) {
  return static_cast<size_t>(panel / kGroup * kGroup) * kPanel * weights.depth_stored + panel % kGroup * kPanel * kDot;
}

// One time step of one sample: what both products gave, and what makes it real numbers. Arrays hold all gates, each
// `hidden` (a multiple of 16) long, in ONNX's order.
struct Step {
  int hidden;
  const int32_t* input_sums;   // W·x in units of input_scale · input_scales
  float input_scale;           // of the row x
  const float* input_scales;   // of the rows of W; scales and biases are in the exponent's units
  const int32_t* state_sums;   // R·h, the same
  float state_scale;
  const float* state_scales;
  const float* bias;            // of both products, but for a GRU's candidate only of W·x
  const float* candidate_bias;  // [hidden], a GRU's, of R·h
};

struct Kernels {
  const char* name;

  // Rounds x `[count]` to x / scale + 128, where 127 · scale is the largest magnitude, and returns the scale. Writes up
  // to a multiple of 16 bytes. Where x is not finite the scale is NaN, which carries on to all that depends on x.
  float (*quantize)(const float* x, int count, uint8_t* rounded);

  // sums `[rows, columns]` = (a - 128)·Bᵀ, for a `[rows, depth]` with `stride` bytes a row. Both a and sums must have
  // memory for whole tiles of 16 rows.
  void (*multiply)(const uint8_t* a, size_t stride, int rows, const Weights& b, int32_t* sums);

  // h `[hidden]` becomes the next state of a GRU (gates z, r, n) …
  void (*gru)(const Step& step, float* h);
  // … and h, c those of an LSTM (gates i, o, f, g).
  void (*lstm)(const Step& step, float* h, float* c);

  // What a thread has to do before and after a series of products; null if nothing.
  void (*begin)();
  void (*end)();
};

// The levels; to be called only on processors that have them. Null where the operating system refuses.
const Kernels* portable_kernels();
const Kernels* avx2_kernels();
const Kernels* avxvnni_kernels();
const Kernels* avx512vnni_kernels();
const Kernels* amx_kernels();
const Kernels* neondot_kernels();
const Kernels* amx_emulated_kernels();

// The best level that this processor has, or the one that the environment variable CRNN_DEPLOY_KERNELS names. Null where
// only the portable one is left, which is slower than ONNX Runtime's own FP32 layers. Throws std::runtime_error if the
// named one is not to be had.
const Kernels* kernels();

}  // namespace crnn_deploy
