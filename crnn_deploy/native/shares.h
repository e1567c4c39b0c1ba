// Probabilities from logits, as a template over a vector type (see cells.h).
#pragma once

#include "cells.h"

namespace crnn_deploy {
namespace {

// `Kernels::largest_share`. The polynomial has a relative error of 2e-7.
template <class V>
float largest_share(const float* logits, int count, float largest, float factor) {
  const V factors = V::splat(-kExponent * factor), most = V::splat(largest);  // exponents of 2
  const auto shares = [&](const float* from) {
    return power_of_two((V::load(from) - most) * factors, 1.5403530e-4f, 1.3333558e-3f, 9.6181291e-3f, 5.5504109e-2f,
                        2.4022651e-1f, 6.9314718e-1f, 1.0f);
  };
  V sums = V::splat(0.0f);
  const int whole = count / V::kWidth * V::kWidth;
  for (int i = 0; i < whole; i += V::kWidth) sums = sums + shares(logits + i);
  float lanes[V::kWidth];
  if (whole < count) {
    for (int i = 0; i < V::kWidth; ++i) lanes[i] = i < count - whole ? logits[whole + i] : largest - 1000 / factor;
    sums = sums + shares(lanes);
  }
  store(lanes, sums);
  float sum = 0.0f;
  for (float lane : lanes) sum += lane;
  return 1.0f / sum;
}

}  // namespace
}  // namespace crnn_deploy
