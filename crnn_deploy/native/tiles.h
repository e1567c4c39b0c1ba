// The INT8 product on AMX tiles. A tile is a register that holds a matrix of 16 rows of 64 bytes.
#pragma once

#include "kernels.h"

namespace crnn_deploy {
namespace {

constexpr size_t kNearBytes = 32 << 10;  // of weights that the first cache keeps from one product to the next

inline void prefetch(const void* at) {
#if defined(__GNUC__)
  __builtin_prefetch(at);
#else
  (void)at;
#endif
}

// `Tiles` must provide load<tile>(from, stride), store<tile>(to, stride) and dot<sums, a, b>(), which adds the product
// of two tiles to a third. It uses the tiles of the processor, or emulates them for tests on processors without AMX.
// Tiles 0-3 hold the sums of 2×2 blocks, 4 and 5 activations, 6 and 7 weights.

// Computes a block into sums with `columns` from row to row. `Far` says that the weights are not in the first cache: a
// processor does not fetch them ahead itself, because it loads tiles row by row (with 144 columns, a third of the time).
template <class Tiles, bool TwoRows, bool TwoPanels, bool Far>
void multiply_tiles(const Rows& a, const Weights& b, int panel, int32_t* sums, int columns) {
  const size_t row = static_cast<size_t>(columns) * sizeof(int32_t);
  const int8_t* left = b.bytes + offset_of(b, panel);
  const int8_t* right = left + kPanel * kDot;  // in the same group, because kGroup is even
  const size_t step = step_of(b, panel), tile = step * (kTileDepth / kDot);
  int32_t* lower_sums = sums + static_cast<size_t>(kTileRows) * columns;
  const int32_t* offsets = b.offsets + panel * kPanel;

  Tiles::template load<0>(offsets, 0);  // with a stride of 0, all rows get the same offsets
  if constexpr (TwoPanels) Tiles::template load<1>(offsets + kPanel, 0);
  if constexpr (TwoRows) Tiles::template load<2>(offsets, 0);
  if constexpr (TwoRows && TwoPanels) Tiles::template load<3>(offsets + kPanel, 0);
  for (int piece = 0; piece < a.pieces; ++piece) {
    const uint8_t* const upper = a.bytes + piece * a.piece_stride;
    const uint8_t* const lower = upper + kTileRows * a.stride;
    for (int k = 0; k < a.depth; k += kTileDepth, left += tile, right += tile) {
      if constexpr (Far)
        for (int next = 0; next < kTileRows; ++next) {
          prefetch(left + tile + next * step);
          if constexpr (TwoPanels) prefetch(right + tile + next * step);
        }
      Tiles::template load<4>(upper + k, a.stride);
      Tiles::template load<6>(left, step);
      Tiles::template dot<0, 4, 6>();
      if constexpr (TwoPanels) {
        Tiles::template load<7>(right, step);
        Tiles::template dot<1, 4, 7>();
      }
      if constexpr (TwoRows) {
        Tiles::template load<5>(lower + k, a.stride);
        Tiles::template dot<2, 5, 6>();
        if constexpr (TwoPanels) Tiles::template dot<3, 5, 7>();
      }
    }
  }
  Tiles::template store<0>(sums, row);
  if constexpr (TwoPanels) Tiles::template store<1>(sums + kPanel, row);
  if constexpr (TwoRows) Tiles::template store<2>(lower_sums, row);
  if constexpr (TwoRows && TwoPanels) Tiles::template store<3>(lower_sums + kPanel, row);
}

// `Kernels::multiply_pieces`, for at most two tiles of rows.
template <class Tiles, bool Far>
void multiply_two_panels(const Rows& a, int rows, const Weights& b, int panel, int32_t* sums, int columns) {
  const bool two_panels = panel + 1 < panels_of(b);
  if (rows > kTileRows && two_panels)
    multiply_tiles<Tiles, true, true, Far>(a, b, panel, sums, columns);
  else if (rows > kTileRows)
    multiply_tiles<Tiles, true, false, Far>(a, b, panel, sums, columns);
  else if (two_panels)
    multiply_tiles<Tiles, false, true, Far>(a, b, panel, sums, columns);
  else
    multiply_tiles<Tiles, false, false, Far>(a, b, panel, sums, columns);
}

template <class Tiles>
void multiply_pieces_with_tiles(Rows a, int rows, const Weights& b, int panel, bool first, int32_t* sums) {
  if (first)
    multiply_two_panels<Tiles, true>(a, rows, b, panel, sums, kColumnsAtOnce);
  else
    multiply_two_panels<Tiles, false>(a, rows, b, panel, sums, kColumnsAtOnce);
}

template <class Tiles, bool Far>
void multiply_all_panels(const uint8_t* a, size_t stride, int rows, const Weights& b, int32_t* sums) {
  for (int row = 0; row < rows; row += 2 * kTileRows)
    for (int panel = 0; panel < panels_of(b); panel += kPanelsAtOnce)
      multiply_two_panels<Tiles, Far>({a + row * stride, stride, b.depth}, rows - row, b, panel,
                                      sums + static_cast<size_t>(row) * b.columns + panel * kPanel, b.columns);
}

// `Kernels::multiply`. Computes whole tiles of rows, so the memory of a and of sums must have space for these.
template <class Tiles>
void multiply_with_tiles(const uint8_t* a, size_t stride, int rows, const Weights& b, bool, int32_t* sums) {
  if (static_cast<size_t>(b.columns) * b.depth_stored > kNearBytes)
    multiply_all_panels<Tiles, true>(a, stride, rows, b, sums);
  else
    multiply_all_panels<Tiles, false>(a, stride, rows, b, sums);
}

}  // namespace
}  // namespace crnn_deploy
