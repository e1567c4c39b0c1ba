// The variants of the kernel: where a layer's weights are, and how many blocks share it.
#pragma once

namespace crnn_deploy {

// kResident: chunks of each warp's weights that stay in registers. kWhole: these are all. kCluster: a cluster of blocks
// shares the layer. kAligned: rows of weights are aligned to 16 bytes. kThreads: most threads of a block, which bounds
// the registers of each.

// Up to 32 · kChunks units in FP16, at most 128.
template <int kChunks>
struct InOneBlock {
  static constexpr int kResident = kChunks, kThreads = 256;
  static constexpr bool kWhole = true, kCluster = false, kAligned = true;
};

// Up to 256 units in FP16.
struct InFourBlocks {
  static constexpr int kResident = 8, kThreads = 128;
  static constexpr bool kWhole = true, kCluster = true, kAligned = true;
};

// Larger layers in FP16: as many weights as there are registers for, the others from the caches.
struct PartlyInEightBlocks {
  static constexpr int kResident = 5, kThreads = 256;
  static constexpr bool kWhole = false, kCluster = true, kAligned = true;
};

// All weights from the caches of eight multiprocessors.
struct StreamedByEightBlocks {
  static constexpr int kResident = 0, kThreads = 256;
  static constexpr bool kWhole = false, kCluster = true, kAligned = true;
};

// All weights from the caches: devices without clusters, and, not aligned, layers of odd sizes on all of them.
template <int kMostThreads, bool kAlignedRows>
struct Streamed {
  static constexpr int kResident = 0, kThreads = kMostThreads;
  static constexpr bool kWhole = false, kCluster = false, kAligned = kAlignedRows;
};

}  // namespace crnn_deploy
