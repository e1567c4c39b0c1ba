// The level for AMX: Intel's server processors since 2023 (Sapphire Rapids).
#include <sys/syscall.h>
#include <unistd.h>

#include "avx512vnni.h"
#include "cells.h"
#include "pixels.h"
#include "rows.h"
#include "shares.h"
#include "tiles.h"

namespace crnn_deploy {
namespace {

// This is assembly because the compilers' intrinsics accept only literals as numbers of tiles, no template parameters.
struct HardwareTiles {
  template <int Tile>
  static void load(const void* from, size_t stride) {
    __asm__ volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(from), "r"(stride), "i"(Tile) : "memory");
  }
  template <int Tile>
  static void store(void* to, size_t stride) {
    __asm__ volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(to), "r"(stride), "i"(Tile) : "memory");
  }
  template <int Sums, int A, int B>
  static void dot() {  // A is unsigned, B signed
    __asm__ volatile("tdpbusd %%tmm%c0, %%tmm%c1, %%tmm%c2" : : "i"(B), "i"(A), "i"(Sums));
  }
};

constexpr int kFewRows = 5;  // with fewer rows, single rows in vectors are as fast (7 rows: 12 µs by tiles, 20 without)

void multiply_amx(const uint8_t* a, size_t stride, int rows, const Weights& b, bool backwards, int32_t* sums) {
  if (rows < kFewRows)
    multiply<Avx512Vnni>(a, stride, rows, b, backwards, sums);
  else
    multiply_with_tiles<HardwareTiles>(a, stride, rows, b, backwards, sums);
}

void configure() {
  struct alignas(64) Configuration {
    uint8_t palette = 1, start_row = 0, reserved[14] = {};
    uint16_t row_bytes[16] = {};
    uint8_t rows[16] = {};
  } configuration;
  for (int tile = 0; tile < 8; ++tile) {
    configuration.row_bytes[tile] = kTileDepth;
    configuration.rows[tile] = kTileRows;
  }
  // Not _tile_loadconfig: in GCC before 14 it tells the compiler of the first 8 bytes only (GCC bug 114098), so that
  // the stores to the rest are removed and the first tile instruction is illegal.
  __asm__ volatile("ldtilecfg %0" : : "m"(configuration));
}

void release() { _tile_release(); }

// Asks Linux for permission to use tiles (arch_prctl(2), ARCH_REQ_XCOMP_PERM, feature 18).
bool allowed() { return syscall(SYS_arch_prctl, 0x1023, 18) == 0; }

}  // namespace

const Kernels* amx_kernels() {
  static const bool usable = allowed();
  static constexpr Kernels kernels{
      "amx", magnitude<Vector512>, round<Vector512>, to_bytes<Vector512>, multiply_amx,
      gru<Vector512>, lstm<Vector512>, weigh, largest_share<Vector512>, configure, release, kTileRows,
      multiply_pieces_with_tiles<HardwareTiles>, to_pixels<Vector512>, add_pixels<Vector512>};
  return usable ? &kernels : nullptr;
}

}  // namespace crnn_deploy
