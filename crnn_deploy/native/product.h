// The INT8 product, as templates over an instruction set. The file of each level includes this file and is compiled for
// its own instruction set, so everything here is in an unnamed namespace: kernels.h explains why (one-definition rule).
#pragma once

#include <cstring>

#include "kernels.h"

namespace crnn_deploy {
namespace {

// An instruction set `Isa` must provide:
//   Sums                              16 sums in INT32: one row, one panel
//   Sums start(const int32_t*)        the values that sums begin with, made from the offsets of the columns
//   store(int32_t*, Sums)
//   Activations broadcast(int32_t)    4 unsigned bytes of a row, copied to all columns
//   Panel load(const int8_t*)         the 64 bytes of weights that are multiplied by these 4 bytes
//   Sums add_products(Sums, Activations, Panel)
//   kRows, kNarrow                    rows and panels of a block, so that all its sums fit into the registers
//   kWide                             panels of a block with only one row

// Unrolls a loop over sums. Compilers keep an array in registers only if the loops over it are unrolled early.
#if defined(__clang__)
#define CRNN_DEPLOY_UNROLL _Pragma("unroll")
#elif defined(__GNUC__)
#define CRNN_DEPLOY_UNROLL _Pragma("GCC unroll 16")
#else
#define CRNN_DEPLOY_UNROLL
#endif

template <class Isa, int Rows, int Panels>
void multiply_block(const uint8_t* a, size_t stride, const Weights& b, int panel, bool backwards, int32_t* sums) {
  typename Isa::Sums block[Rows][Panels];
  CRNN_DEPLOY_UNROLL
  for (int row = 0; row < Rows; ++row)
    CRNN_DEPLOY_UNROLL
    for (int p = 0; p < Panels; ++p) block[row][p] = Isa::start(b.offsets + (panel + p) * kPanel);
  const int dots = (b.depth + kDot - 1) / kDot, first = backwards ? dots - 1 : 0, next = backwards ? -1 : 1;
  const ptrdiff_t step = next * static_cast<ptrdiff_t>(step_of(b, panel));
  const int8_t* weights = b.bytes + offset_of(b, panel) + first * step_of(b, panel);
  const uint8_t* activations_at = a + first * kDot;
  for (int left = dots; left > 0; --left, weights += step, activations_at += next * kDot) {
    typename Isa::Panel panels[Panels];
    CRNN_DEPLOY_UNROLL
    for (int p = 0; p < Panels; ++p) panels[p] = Isa::load(weights + p * kPanel * kDot);
    CRNN_DEPLOY_UNROLL
    for (int row = 0; row < Rows; ++row) {
      int32_t bytes;
      std::memcpy(&bytes, activations_at + row * stride, sizeof bytes);
      const typename Isa::Activations activations = Isa::broadcast(bytes);
      CRNN_DEPLOY_UNROLL
      for (int p = 0; p < Panels; ++p) block[row][p] = Isa::add_products(block[row][p], activations, panels[p]);
    }
  }
  CRNN_DEPLOY_UNROLL
  for (int row = 0; row < Rows; ++row)
    CRNN_DEPLOY_UNROLL
    for (int p = 0; p < Panels; ++p)
      Isa::store(sums + static_cast<size_t>(row) * b.columns + (panel + p) * kPanel, block[row][p]);
}

// Computes the panels from `panel` to `end`: `Panels` at a time, then the rest in smaller blocks.
template <class Isa, int Rows, int Panels>
void multiply_panels(const uint8_t* a, size_t stride, const Weights& b, int panel, int end, bool backwards,
                     int32_t* sums) {
  for (; panel + Panels <= end; panel += Panels) multiply_block<Isa, Rows, Panels>(a, stride, b, panel, backwards, sums);
  if constexpr (Panels > 1) multiply_panels<Isa, Rows, Panels / 2>(a, stride, b, panel, end, backwards, sums);
}

// Computes all panels of a group for `rows` rows, of which there are at most `Rows`.
template <class Isa, int Rows>
void multiply_rows(const uint8_t* a, size_t stride, int rows, const Weights& b, int panel, bool backwards,
                   int32_t* sums) {
  if (rows == Rows)
    multiply_panels<Isa, Rows, Rows == 1 ? Isa::kWide : Isa::kNarrow>(a, stride, b, panel, panel + group_of(b, panel),
                                                                      backwards, sums);
  else if constexpr (Rows > 1)
    multiply_rows<Isa, Rows - 1>(a, stride, rows, b, panel, backwards, sums);
}

// Rows are in blocks as equal as possible: with 4 at most, 7 are 4 and 3. Each block reads all weights, and a block of
// one row computes little with them.
template <class Isa>
void multiply(const uint8_t* a, size_t stride, int rows, const Weights& b, bool backwards, int32_t* sums) {
  const int blocks = (rows + Isa::kRows - 1) / Isa::kRows, groups = (panels_of(b) + kGroup - 1) / kGroup;
  for (int group = 0; group < groups; ++group) {
    const int panel = (backwards ? groups - 1 - group : group) * kGroup;
    for (int row = 0, left = blocks; left > 0; --left) {
      const int count = (rows - row + left - 1) / left;
      multiply_rows<Isa, Isa::kRows>(a + row * stride, stride, count, b, panel, backwards,
                                     sums + static_cast<size_t>(row) * b.columns);
      row += count;
    }
  }
}

}  // namespace
}  // namespace crnn_deploy
