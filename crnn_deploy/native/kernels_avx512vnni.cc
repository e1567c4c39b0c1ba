// The level for AVX-512 VNNI: Intel's server processors since 2019 (Cascade Lake), AMD's processors since 2022 (Zen 4).
#include "avx512vnni.h"
#include "cells.h"
#include "rows.h"
#include "shares.h"

namespace crnn_deploy {

const Kernels* avx512vnni_kernels() {
  static constexpr Kernels kernels{
      "avx512vnni", magnitude<Vector512>, round<Vector512>, to_bytes<Vector512>, multiply<Avx512Vnni>,
      gru<Vector512>, lstm<Vector512>, weigh, largest_share<Vector512>, nullptr, nullptr};
  return &kernels;
}

}  // namespace crnn_deploy
