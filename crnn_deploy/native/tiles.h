// The INT8 product on AMX tiles. A tile is a register that holds a matrix of 16 rows of 64 bytes.
#pragma once

#include "kernels.h"

namespace crnn_deploy {
namespace {

// `Tiles` must provide load<tile>(from, stride), store<tile>(to, stride) and dot<sums, a, b>(), which adds the product
// of two tiles to a third. It uses the tiles of the processor, or emulates them for tests on processors without AMX.
// Tiles 0-3 hold the sums of 2×2 blocks, 4 and 5 activations, 6 and 7 weights.

template <class Tiles, bool TwoRows, bool TwoPanels>
void multiply_tiles(const uint8_t* a, size_t stride, const Weights& b, int panel, int32_t* sums) {
  const size_t row = static_cast<size_t>(b.columns) * sizeof(int32_t);
  const uint8_t* lower = a + kTileRows * stride;
  const int8_t* left = b.bytes + offset_of(b, panel);
  const int8_t* right = left + kPanel * kDot;  // in the same group, because kGroup is even
  const size_t step = step_of(b, panel);
  int32_t* to = sums + panel * kPanel;
  int32_t* lower_to = to + static_cast<size_t>(kTileRows) * b.columns;
  const int32_t* offsets = b.offsets + panel * kPanel;

  Tiles::template load<0>(offsets, 0);  // with a stride of 0, all rows get the same offsets
  if constexpr (TwoPanels) Tiles::template load<1>(offsets + kPanel, 0);
  if constexpr (TwoRows) Tiles::template load<2>(offsets, 0);
  if constexpr (TwoRows && TwoPanels) Tiles::template load<3>(offsets + kPanel, 0);
  for (int k = 0; k < b.depth; k += kTileDepth) {
    Tiles::template load<4>(a + k, stride);
    Tiles::template load<6>(left + k / kDot * step, step);
    Tiles::template dot<0, 4, 6>();
    if constexpr (TwoPanels) {
      Tiles::template load<7>(right + k / kDot * step, step);
      Tiles::template dot<1, 4, 7>();
    }
    if constexpr (TwoRows) {
      Tiles::template load<5>(lower + k, stride);
      Tiles::template dot<2, 5, 6>();
      if constexpr (TwoPanels) Tiles::template dot<3, 5, 7>();
    }
  }
  Tiles::template store<0>(to, row);
  if constexpr (TwoPanels) Tiles::template store<1>(to + kPanel, row);
  if constexpr (TwoRows) Tiles::template store<2>(lower_to, row);
  if constexpr (TwoRows && TwoPanels) Tiles::template store<3>(lower_to + kPanel, row);
}

template <class Tiles, bool TwoRows>
void multiply_tile_rows(const uint8_t* a, size_t stride, const Weights& b, int32_t* sums) {
  int panel = 0;
  for (; panel + 2 <= panels_of(b); panel += 2) multiply_tiles<Tiles, TwoRows, true>(a, stride, b, panel, sums);
  if (panel < panels_of(b)) multiply_tiles<Tiles, TwoRows, false>(a, stride, b, panel, sums);
}

// Computes whole tiles of rows, so the memory of a and of sums must have space for a multiple of kTileRows rows.
template <class Tiles>
void multiply_with_tiles(const uint8_t* a, size_t stride, int rows, const Weights& b, bool, int32_t* sums) {
  int row = 0;
  for (; row + kTileRows < rows; row += 2 * kTileRows)
    multiply_tile_rows<Tiles, true>(a + row * stride, stride, b, sums + static_cast<size_t>(row) * b.columns);
  if (row < rows)
    multiply_tile_rows<Tiles, false>(a + row * stride, stride, b, sums + static_cast<size_t>(row) * b.columns);
}

}  // namespace
}  // namespace crnn_deploy
