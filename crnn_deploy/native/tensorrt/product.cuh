// The recurrent product of 16 units with the states of 8 images, by one warp.
//
// The 32 threads form 8 rows and 4 columns. Thread (row, column) gets the sums of units 2·row and 2·row + 1 for images
// 2·column and 2·column + 1. Weights and states are read in chunks of 64 bytes along k, the index that is summed over;
// each thread reads the 16 bytes at its column. Tensor cores expect another order of k. But the order in which a sum is
// computed does not matter if it is the same for both factors, so that all loads can be 16 bytes wide.
#pragma once

#include "bits.cuh"
#include "device.cuh"

namespace crnn_deploy {

constexpr int kWarp = 32;
constexpr int kTileUnits = 16;
constexpr int kTileImages = 8;
constexpr int kGates = 3;
constexpr int kChunkBytes = 64;
constexpr int kLoadBytes = 16;

template <class T>
constexpr int kChunk = kChunkBytes / static_cast<int>(sizeof(T));  // elements in a chunk
template <class T>
constexpr int kLoad = kLoadBytes / static_cast<int>(sizeof(T));  // elements in a load

struct Lane {
  int row, column;
  __device__ explicit Lane(int thread) : row(thread % kWarp / 4), column(thread % 4) {}
};

// A thread's weights of one chunk: 16 bytes for each gate of its two units.
struct Weights {
  uint4 of[kGates][2];
};

// `recurrent` is [3 · hidden, hidden]; k is the index of the thread's first element. Elements outside it are zero.
// kAligned: the length of rows is a multiple of 16 bytes, so that all loads are aligned.
template <bool kAligned, class T>
__device__ uint4 load_weights(T const* recurrent, int hidden, int gate, int unit, int k) {
  if (unit >= hidden || k >= hidden) return uint4{};
  T const* address = recurrent + (static_cast<int64_t>(gate) * hidden + unit) * hidden + k;
  if constexpr (kAligned) {
    return load_constant(reinterpret_cast<uint4 const*>(address));
  } else {
    struct {
      T of[kLoad<T>];
    } elements{};
#pragma unroll
    for (int i = 0; i < kLoad<T>; ++i)
      if (k + i < hidden) elements.of[i] = load_constant(address + i);
    return bits_as<uint4>(elements);
  }
}

template <bool kAligned, class T>
__device__ Weights load_chunk(T const* recurrent, int hidden, int unit, int k) {
  Weights weights;
  for (int gate = 0; gate < kGates; ++gate)
    for (int i = 0; i < 2; ++i) weights.of[gate][i] = load_weights<kAligned>(recurrent, hidden, gate, unit + i, k);
  return weights;
}

// Sums of one thread: [gate][unit][image].
struct Sums {
  float of[kGates][2][2];
};

template <class T>
class Product;

// On tensor cores. The two halves of each load are added to different sums, which halves the length of the chain of
// dependent operations.
template <>
class Product<__half> {
 public:
  // `states` points to this chunk of the tile's first image. From image to image are `pitch` bytes.
  __device__ void add(Weights const& weights, char const* states, int pitch, Lane lane) {
    uint4 const h = *reinterpret_cast<uint4 const*>(states + lane.row * pitch + lane.column * kLoadBytes);
#pragma unroll
    for (int gate = 0; gate < kGates; ++gate) {
      uint4 const a = weights.of[gate][0], b = weights.of[gate][1];
      multiply_add(even_[gate], a.x, b.x, a.y, b.y, h.x, h.y);
      multiply_add(odd_[gate], a.z, b.z, a.w, b.w, h.z, h.w);
    }
  }

  __device__ Sums finish(Lane) const {
    Sums sums;
#pragma unroll
    for (int gate = 0; gate < kGates; ++gate)
#pragma unroll
      for (int i = 0; i < 4; ++i) sums.of[gate][i / 2][i % 2] = even_[gate][i] + odd_[gate][i];
    return sums;
  }

 private:
  float even_[kGates][4] = {}, odd_[kGates][4] = {};
};

// In FP32 arithmetic. Each thread sums over a quarter of k for all 8 images. Then the four columns exchange their sums,
// so that each has the complete sums of two images.
template <>
class Product<float> {
 public:
  __device__ void add(Weights const& weights, char const* states, int pitch, Lane lane) {
#pragma unroll
    for (int image = 0; image < kTileImages; ++image) {
      float4 const h = *reinterpret_cast<float4 const*>(states + image * pitch + lane.column * kLoadBytes);
#pragma unroll
      for (int gate = 0; gate < kGates; ++gate)
#pragma unroll
        for (int unit = 0; unit < 2; ++unit) {
          float4 const w = bits_as<float4>(weights.of[gate][unit]);
          float& sum = sums_[gate][unit][image];
          sum = fmaf(w.w, h.w, fmaf(w.z, h.z, fmaf(w.y, h.y, fmaf(w.x, h.x, sum))));
        }
    }
  }

  __device__ Sums finish(Lane lane) const {
    Sums sums;
#pragma unroll
    for (int gate = 0; gate < kGates; ++gate)
#pragma unroll
      for (int unit = 0; unit < 2; ++unit) {
        float half[4];
#pragma unroll
        for (int i = 0; i < 4; ++i) half[i] = shared_out(sums_[gate][unit][i], sums_[gate][unit][i + 4], 2, lane);
#pragma unroll
        for (int i = 0; i < 2; ++i) sums.of[gate][unit][i] = shared_out(half[i], half[i + 2], 1, lane);
      }
    return sums;
  }

 private:
  // Exchanges sums with the column that differs in `bit`: the column without the bit returns the total of both columns'
  // first sums, the other the total of the second sums.
  static __device__ float shared_out(float first, float second, int bit, Lane lane) {
    bool const keeps_second = (lane.column & bit) != 0;
    return (keeps_second ? second : first) + shuffle_xor(keeps_second ? first : second, bit);
  }

  float sums_[kGates][2][kTileImages] = {};
};

}  // namespace crnn_deploy
