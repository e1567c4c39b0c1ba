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
void multiply_block(const uint8_t* a, size_t stride, const Weights& b, int panel, int32_t* sums) {
  typename Isa::Sums block[Rows][Panels];
  CRNN_DEPLOY_UNROLL
  for (int row = 0; row < Rows; ++row)
    CRNN_DEPLOY_UNROLL
    for (int p = 0; p < Panels; ++p) block[row][p] = Isa::start(b.offsets + (panel + p) * kPanel);
  const int8_t* weights = b.bytes + offset_of(b, panel);
  const size_t step = step_of(b, panel);
  for (int k = 0; k < b.depth; k += kDot, weights += step) {
    typename Isa::Panel panels[Panels];
    CRNN_DEPLOY_UNROLL
    for (int p = 0; p < Panels; ++p) panels[p] = Isa::load(weights + p * kPanel * kDot);
    CRNN_DEPLOY_UNROLL
    for (int row = 0; row < Rows; ++row) {
      int32_t bytes;
      std::memcpy(&bytes, a + row * stride + k, sizeof bytes);
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
void multiply_panels(const uint8_t* a, size_t stride, const Weights& b, int panel, int end, int32_t* sums) {
  for (; panel + Panels <= end; panel += Panels) multiply_block<Isa, Rows, Panels>(a, stride, b, panel, sums);
  if constexpr (Panels > 1) multiply_panels<Isa, Rows, Panels / 2>(a, stride, b, panel, end, sums);
}

template <class Isa>
void multiply(const uint8_t* a, size_t stride, int rows, const Weights& b, int32_t* sums) {
  for (int panel = 0; panel < panels_of(b); panel += kGroup) {
    const int end = panel + group_of(b, panel);
    int row = 0;
    for (; row + Isa::kRows <= rows; row += Isa::kRows)
      multiply_panels<Isa, Isa::kRows, Isa::kNarrow>(a + row * stride, stride, b, panel, end,
                                                     sums + static_cast<size_t>(row) * b.columns);
    for (; row < rows; ++row)
      multiply_panels<Isa, 1, Isa::kWide>(a + row * stride, stride, b, panel, end,
                                          sums + static_cast<size_t>(row) * b.columns);
  }
}

}  // namespace
}  // namespace crnn_deploy
