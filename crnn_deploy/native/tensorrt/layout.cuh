// The variants of the kernel: where a layer's weights and states are, and how many blocks share it.
#pragma once

#include "product.cuh"

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

// What shared memory holds: two copies of all units' states as factors of the product, [image][unit] with rows of
// `pitch` bytes, and this block's units in FP32, [image][unit].
struct SharedLayout {
  int images, pitch, own_units;

  // Rows are an odd number of chunks apart: 8 threads that read 16 bytes each of two rows then meet no bank twice.
  __host__ __device__ SharedLayout(int tiles_of_images, int chunks, int own_units)
      : images(tiles_of_images * kTileImages), pitch((chunks | 1) * kChunkBytes), own_units(own_units) {}

  __host__ __device__ int copy_bytes() const { return images * pitch; }
  __host__ __device__ int own_pitch() const { return own_units + 4; }  // floats
  __host__ __device__ int bytes() const { return 2 * copy_bytes() + images * own_pitch() * static_cast<int>(sizeof(float)); }
};

template <class T>
__host__ __device__ int chunks_of(int hidden, int resident) {
  int const needed = (hidden + kChunk<T> - 1) / kChunk<T>;
  return needed > resident ? needed : resident;
}

}  // namespace crnn_deploy
