// The variants of the kernel. They differ in where weights and states are stored, and in how many blocks share a layer.
#pragma once

#include "product.cuh"

namespace crnn_deploy {

// Constants of each variant:
//   kResident  how many chunks of each warp's weights stay in registers
//   kWhole     whether these are all chunks
//   kCluster   whether a cluster of blocks shares the layer
//   kAligned   whether rows of weights are aligned to 16 bytes
//   kThreads   the largest number of threads in a block, which limits the registers of each thread

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

// Larger layers in FP16: as many weights as possible stay in registers, the others are read from the caches.
struct PartlyInEightBlocks {
  static constexpr int kResident = 5, kThreads = 256;
  static constexpr bool kWhole = false, kCluster = true, kAligned = true;
};

// All weights are read from the caches of eight multiprocessors.
struct StreamedByEightBlocks {
  static constexpr int kResident = 0, kThreads = 256;
  static constexpr bool kWhole = false, kCluster = true, kAligned = true;
};

// All weights are read from the caches of one multiprocessor. This is for devices without clusters, and with kAligned =
// false for layers whose rows are not aligned, on all devices.
template <int kMostThreads, bool kAlignedRows>
struct Streamed {
  static constexpr int kResident = 0, kThreads = kMostThreads;
  static constexpr bool kWhole = false, kCluster = false, kAligned = kAlignedRows;
};

// Contents of shared memory: two copies of the states of all units as factors of the product, [image][unit] with rows
// of `pitch` bytes, then the states of this block's units in FP32, [image][unit].
struct SharedLayout {
  int images, pitch, own_units;

  // The pitch is an odd number of chunks, so that 8 threads that read 16 bytes each from two rows access different
  // banks of shared memory.
  __host__ __device__ SharedLayout(int tiles_of_images, int chunks, int own_units)
      : images(tiles_of_images * kTileImages), pitch((chunks | 1) * kChunkBytes), own_units(own_units) {}

  __host__ __device__ int copy_bytes() const { return images * pitch; }
  __host__ __device__ int own_pitch() const { return own_units + 4; }  // floats
  __host__ __device__ int bytes() const {
    return 2 * copy_bytes() + images * own_pitch() * static_cast<int>(sizeof(float));
  }
};

template <class T>
__host__ __device__ int chunks_of(int hidden, int resident) {
  int const needed = (hidden + kChunk<T> - 1) / kChunk<T>;
  return needed > resident ? needed : resident;
}

}  // namespace crnn_deploy
