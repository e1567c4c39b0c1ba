// The level that emulates AMX tiles in plain C++. It is slow, and meant for tests on processors without AMX.
#include <cstring>

#include "tiles.h"

namespace crnn_deploy {
namespace {

struct EmulatedTiles {
  struct Tile {
    uint8_t bytes[kTileRows][kTileDepth];
  };
  static thread_local Tile tiles[8];

  template <int T>
  static void load(const void* from, size_t stride) {
    for (int row = 0; row < kTileRows; ++row)
      std::memcpy(tiles[T].bytes[row], static_cast<const uint8_t*>(from) + row * stride, kTileDepth);
  }
  template <int T>
  static void store(void* to, size_t stride) {
    for (int row = 0; row < kTileRows; ++row)
      std::memcpy(static_cast<uint8_t*>(to) + row * stride, tiles[T].bytes[row], kTileDepth);
  }
  template <int Sums, int A, int B>
  static void dot() {
    for (int row = 0; row < kTileRows; ++row)
      for (int column = 0; column < kPanel; ++column) {
        int32_t sum;
        std::memcpy(&sum, &tiles[Sums].bytes[row][4 * column], 4);
        for (int k = 0; k < kTileDepth; ++k)
          sum += tiles[A].bytes[row][k] * static_cast<int8_t>(tiles[B].bytes[k / 4][4 * column + k % 4]);
        std::memcpy(&tiles[Sums].bytes[row][4 * column], &sum, 4);
      }
  }
};
thread_local EmulatedTiles::Tile EmulatedTiles::tiles[8];

}  // namespace

const Kernels* amx_emulated_kernels() {
  static const Kernels kernels = [] {
    Kernels changed = *portable_kernels();
    changed.name = "amx-emulated";
    changed.multiply = multiply_with_tiles<EmulatedTiles>;
    changed.multiply_pieces = multiply_pieces_with_tiles<EmulatedTiles>;
    changed.row_multiple = kTileRows;
    return changed;
  }();
  return &kernels;
}

}  // namespace crnn_deploy
