// Two neighbouring units of one image, which a thread loads, computes and stores together.
#pragma once

#include "device.cuh"

namespace crnn_deploy {

template <class T>
struct PairOf;
template <>
struct PairOf<float> {
  using type = float2;
};
template <>
struct PairOf<__half> {
  using type = __half2;
};
template <class T>
using Pair = typename PairOf<T>::type;

__device__ inline float2 as_floats(float2 pair) { return pair; }
__device__ inline float2 as_floats(__half2 pair) { return __half22float2(pair); }

template <class T>
__device__ Pair<T> rounded(float2 pair) {
  if constexpr (sizeof(T) == 2) {
    return __floats2half2_rn(pair.x, pair.y);
  } else {
    return pair;
  }
}

// `count` is how many of the two exist. With kAligned, rows have an even length, so that it is 0 or 2.
template <bool kAligned, class T>
__device__ Pair<T> load_pair(T const* address, int count) {
  Pair<T> pair{};
  if constexpr (kAligned) {
    if (count > 0) pair = load_constant(reinterpret_cast<Pair<T> const*>(address));
  } else {
    if (count > 0) pair.x = load_constant(address);
    if (count > 1) pair.y = load_constant(address + 1);
  }
  return pair;
}

template <bool kAligned, class T>
__device__ void store_pair(T* address, Pair<T> pair, int count) {
  if constexpr (kAligned) {
    if (count > 0) *reinterpret_cast<Pair<T>*>(address) = pair;
  } else {
    if (count > 0) address[0] = pair.x;
    if (count > 1) address[1] = pair.y;
  }
}

}  // namespace crnn_deploy
