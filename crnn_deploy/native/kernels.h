// The inner loops of a recurrent layer, and the layout of the data that they work on.
//
// The loops exist once for each level, that is, for each supported instruction set such as AVX2 or AMX. All levels
// compute the same integer sums. Terms:
//   panel    16 neighbouring columns of a product, whose sums are computed together
//   packing  copying the weights into the order in which a product reads them, so that it reads memory sequentially
//   tile     a matrix of 16 rows of 64 bytes, which AMX holds in one register
#pragma once

#include <cstddef>
#include <cstdint>

namespace crnn_deploy {

constexpr int kPanel = 16;      // columns of a panel; their sums fill one 512-bit register of INT32
constexpr int kDot = 4;         // bytes whose products one instruction adds up to one INT32
constexpr int kPanelsAtOnce = 2;  // of a convolution
constexpr int kColumnsAtOnce = kPanelsAtOnce * kPanel;
constexpr int kTileDepth = 64;  // bytes in a row of a tile; rows of activations and weights are padded to a multiple
constexpr int kTileRows = 16;   // rows of a tile
constexpr int kWeightBits = 22;  // behind the point, of the weights of pixels

static constexpr int round_up(int value, int multiple) { return (value + multiple - 1) / multiple * multiple; }

// e^-x = 2^(kExponent · x). The gates compute powers of 2, so the scales and biases of a gate with a sigmoid are
// multiplied by kExponent in advance. Those of a gate with a tanh are multiplied by 2·kExponent, because
// tanh(x) = 2·sigmoid(2x) - 1. Comments call the results "in the exponent's units".
constexpr float kExponent = -1.44269504f;

// Packed INT8 weights of G gates, `[G·hidden, depth]`. Each row of weights gives one column of the product. Up to 12
// panels form a group, and the weights are stored in the order [group][k / 4][panel in the group][column][k % 4]. So a
// product that runs over k reads memory sequentially. Each gate is padded with zeros to whole panels, so that its units
// always fill whole vectors.
constexpr int kGroup = 12;

struct Weights {
  const int8_t* bytes;
  int depth;               // bytes of a row without padding
  int depth_stored;        // with padding to whole tiles
  int columns;             // of all gates, with padding
  // [columns]: -128 times the sum of the column's weights. Activations are stored with 128 added to make them unsigned;
  // the offset removes from a sum what these 128 contribute.
  const int32_t* offsets;
};

// Functions in headers that several levels include are static, or in an unnamed namespace. Otherwise the linker would
// keep one of the levels' copies for all of them (C++'s one-definition rule, ODR), and this copy could contain
// instructions that an older processor does not have.
static inline int panels_of(const Weights& weights) { return weights.columns / kPanel; }

// Number of panels in the group of `panel`. Only the last group may have fewer than kGroup.
static inline int group_of(const Weights& weights, int panel) {
  const int behind = panels_of(weights) - panel / kGroup * kGroup;
  return behind < kGroup ? behind : kGroup;
}

// Bytes from the weights of k to those of k + kDot, in the group of `panel`.
static inline size_t step_of(const Weights& weights, int panel) {
  return static_cast<size_t>(group_of(weights, panel)) * kPanel * kDot;
}

// Position of the first byte of a panel.
static inline size_t offset_of(const Weights& weights, int panel) {
  return static_cast<size_t>(panel / kGroup * kGroup) * kPanel * weights.depth_stored + panel % kGroup * kPanel * kDot;
}

// Rows of activations. Each consists of `pieces` of `depth` bytes that lie apart.
struct Rows {
  const uint8_t* bytes;
  size_t stride;  // from row to row
  int depth;      // of a piece; with several pieces, a multiple of kTileDepth
  int pieces = 1;
  size_t piece_stride = 0;  // from piece to piece
};

// One time step of one sample: the integer sums of both products, and the scales and biases that turn them into real
// numbers. Each array holds all gates in ONNX's order, with `hidden` elements (a multiple of 16) for each.
struct Step {
  int hidden;
  const int32_t* input_sums;   // W·x in units of input_scale · input_scales
  float input_scale;           // of the row x
  const float* input_scales;   // of the rows of W, in the exponent's units, as are the scales and biases below
  const int32_t* state_sums;   // R·h in units of state_scale · state_scales
  float state_scale;           // of h
  const float* state_scales;
  const float* bias;            // sum of the biases of both products; for a GRU's candidate, only that of W·x
  const float* candidate_bias;  // [hidden], the bias of R·h for a GRU's candidate
};

struct Kernels {
  const char* name;

  // The largest magnitude of x `[count]`. A NaN counts as larger than infinity.
  float (*magnitude)(const float* x, int count);
  // Rounds x `[count]`, whose largest magnitude is given, to x / scale + 128, where scale is the magnitude divided by
  // 127, and returns the scale. Writes a multiple of 16 bytes. If x is not finite, the scale is NaN, and so is
  // everything that is computed with it.
  float (*round)(const float* x, int count, float magnitude, uint8_t* rounded);

  // Rounds x · factor + zero to 0…255, for x `[count]`. Writes a multiple of 16 bytes.
  void (*to_bytes)(const float* x, int count, float factor, float zero, uint8_t* bytes);

  // Computes sums `[rows, columns]` = (a - 128)·Bᵀ, where a is `[rows, depth]` with `stride` bytes from row to row. The
  // memory of a and of sums must have space for a multiple of `row_multiple` rows.
  //
  // The direction in which it goes through the weights makes no difference to the sums. If a product goes `backwards`
  // where the one before went forwards, the processor still has in its cache what that one read last.
  void (*multiply)(const uint8_t* a, size_t stride, int rows, const Weights& b, bool backwards, int32_t* sums);

  // Replaces h `[hidden]` by the next state of a GRU (gates z, r, n), and returns its largest magnitude.
  float (*gru)(const Step& step, float* h);
  // Replaces h and c `[hidden]` by the next states of an LSTM (gates i, o, f, g), and returns the magnitude of h.
  float (*lstm)(const Step& step, float* h, float* c);

  // The sums of `taps` rows of bytes with `stride` bytes from row to row, each row times its weight, for the first
  // `count` bytes of a row, rounded to 0…255. Weights are whole numbers of 2^-kWeightBits.
  void (*weigh)(const uint8_t* rows, size_t stride, const int32_t* weights, int taps, int count, uint8_t* sums);

  // The probability of the class with the largest of logits `[count]`, which are multiplied by `factor`.
  float (*largest_share)(const float* logits, int count, float largest, float factor);

  // A thread calls these before and after a series of products. Null if there is nothing to do.
  void (*begin)();
  void (*end)();

  int row_multiple = 1;  // see `multiply`

  // The three that convolutions need. Null where ONNX Runtime's own convolutions are as fast.
  //
  // The same product for kPanelsAtOnce panels from `panel` on, or the last one: sums are `[rows, kColumnsAtOnce]`. Rows
  // of a consist of pieces, whose depths add up to that of b. The memory of a row's last piece must go on for
  // kTileDepth bytes. `first` says that these panels are probably not in the first cache.
  void (*multiply_pieces)(Rows a, int rows, const Weights& b, int panel, bool first, int32_t* sums) = nullptr;
  // Rounds sums `[rows, kColumnsAtOnce]` times the factors of their columns, plus zero, to 0…255, and keeps the first
  // `count` columns: pixels are `[rows, count]`, with `stride` bytes from row to row.
  void (*to_pixels)(const int32_t* sums, int rows, const float* factors, float zero, int count, size_t stride,
                    uint8_t* pixels) = nullptr;
  // Replaces y `[count]` by y · y_factor + z · z_factor + zero, rounded to 0…255.
  void (*add_pixels)(const uint8_t* z, float z_factor, float y_factor, float zero, size_t count, uint8_t* y) = nullptr;
};

// The levels. Call a function only on a processor that has the instructions of its level. The result is null if the
// operating system does not allow their use.
const Kernels* portable_kernels();
const Kernels* avx2_kernels();
const Kernels* avxvnni_kernels();
const Kernels* avx512vnni_kernels();
const Kernels* amx_kernels();
const Kernels* neondot_kernels();
const Kernels* amx_emulated_kernels();

// The level that the environment variable CRNN_DEPLOY_KERNELS names; without it, the best that this processor has. Null
// if that is the portable level, which is slower than ONNX Runtime's own FP32 layers. Throws std::runtime_error if the
// named level is not available.
const Kernels* kernels();

// The same, or the portable level: for what only the library computes.
const Kernels& any_kernels();

// As `kernels`; throws std::runtime_error if it is null.
const Kernels& usable_kernels();

// "levels:" and the names of the levels that this build has, whether or not the processor has them. The text can also be
// found in the file of a library that was built for another system.
const char* built_levels();

}  // namespace crnn_deploy
