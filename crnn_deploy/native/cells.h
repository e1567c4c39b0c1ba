// Rounding of activations, and the gates of GRU and LSTM, as templates over a vector type. The file of each level
// includes this file and is compiled for its own instruction set, so everything here is in an unnamed namespace:
// kernels.h explains why (one-definition rule).
#pragma once

#include <limits>

#include "kernels.h"

namespace crnn_deploy {
namespace {

// A vector type `V` must provide:
//   kWidth                           number of floats, a divisor of 16
//   splat(x)                         x in all lanes
//   load(x), store(to, v)            from and to memory
//   load_first(x, count)             the first `count` floats, zeros in the other lanes
//   from_int32(x)                    converts integers
//   store_bytes(to, v)               rounds to unsigned bytes
//   + - *, add_product(a, b, c)      add_product is a·b + c
//   nearest(x)                       the nearest whole number
//   times_power_of_two(x, n)         x·2^n; if n is out of range, a number that is as good as infinity or zero
//   reciprocal(x)                    1/x, rounded correctly: an approximation would be too coarse for tanh of small
//                                    arguments, which is a small difference of larger numbers (2·sigmoid - 1)
//   Bits, no_bits(), larger_magnitude(bits, v), magnitude_of(bits)
//                                    the largest magnitude. The bits of floats are compared as integers, so that a NaN
//                                    counts as larger than infinity.

// 2^x = 2^n · p(f), where n is a whole number and f is in [-1/2, 1/2]. p is the polynomial of degree 4 with the least
// relative error, 3e-6.
template <class V>
V power_of_two(V x) {
  const V whole = nearest(x), part = x - whole;
  V power = V::splat(0.0095701f);
  power = add_product(power, part, V::splat(0.05591786f));
  power = add_product(power, part, V::splat(0.24024744f));
  power = add_product(power, part, V::splat(0.6931218f));
  power = add_product(power, part, V::splat(0.9999993f));
  return times_power_of_two(power, whole);
}

// Sigmoid and tanh of an argument in the exponent's units (see kExponent).
template <class V>
V sigmoid(V exponent) {
  return reciprocal(V::splat(1.0f) + power_of_two(exponent));
}

template <class V>
V tanh(V exponent) {
  return add_product(V::splat(2.0f), sigmoid(exponent), V::splat(-1.0f));
}

template <class V>
float quantize(const float* x, int count, uint8_t* rounded) {
  const int whole = count / V::kWidth * V::kWidth;
  typename V::Bits largest = V::no_bits();
  for (int i = 0; i < whole; i += V::kWidth) largest = larger_magnitude(largest, V::load(x + i));
  if (whole < count) largest = larger_magnitude(largest, V::load_first(x + whole, count - whole));
  const float magnitude = V::magnitude_of(largest);
  constexpr float kLargest = std::numeric_limits<float>::max(), kNaN = std::numeric_limits<float>::quiet_NaN();
  if (!(magnitude <= kLargest)) {  // infinite or NaN
    for (int i = 0; i < round_up(count, kPanel); ++i) rounded[i] = 128;
    return kNaN;
  }
  const float scale = magnitude > 1e-30f ? magnitude / 127.0f : 1.0f;  // smaller: 1 / scale could be infinite
  const V inverse = V::splat(1.0f / scale), middle = V::splat(128.0f);
  for (int i = 0; i < whole; i += V::kWidth) store_bytes(rounded + i, add_product(V::load(x + i), inverse, middle));
  for (int i = whole; i < round_up(count, kPanel); i += V::kWidth)
    store_bytes(rounded + i, add_product(V::load_first(x + i, count - i), inverse, middle));
  return scale;
}

// W·x + b for the units that begin at `unit`.
template <class V>
V from_input(const Step& step, int unit) {
  return add_product(V::from_int32(step.input_sums + unit),
                     V::splat(step.input_scale) * V::load(step.input_scales + unit), V::load(step.bias + unit));
}

// R·h + `rest` for the units that begin at `unit`.
template <class V>
V from_state(const Step& step, int unit, V rest) {
  return add_product(V::from_int32(step.state_sums + unit),
                     V::splat(step.state_scale) * V::load(step.state_scales + unit), rest);
}

template <class V>
void gru(const Step& step, float* h) {
  const int hidden = step.hidden;
  for (int unit = 0; unit < hidden; unit += V::kWidth) {
    const int reset_unit = hidden + unit, candidate_unit = 2 * hidden + unit;
    const V update = sigmoid(from_state(step, unit, from_input<V>(step, unit)));
    const V reset = sigmoid(from_state(step, reset_unit, from_input<V>(step, reset_unit)));
    const V past = from_state(step, candidate_unit, V::load(step.candidate_bias + unit));
    const V candidate = tanh(add_product(reset, past, from_input<V>(step, candidate_unit)));
    store(h + unit, add_product(update, V::load(h + unit) - candidate, candidate));
  }
}

template <class V>
void lstm(const Step& step, float* h, float* c) {
  const int hidden = step.hidden;
  const auto gate = [&](int number, int unit) {
    return from_state(step, number * hidden + unit, from_input<V>(step, number * hidden + unit));
  };
  for (int unit = 0; unit < hidden; unit += V::kWidth) {
    const V input = sigmoid(gate(0, unit)), output = sigmoid(gate(1, unit)), forget = sigmoid(gate(2, unit));
    const V cell = add_product(forget, V::load(c + unit), input * tanh(gate(3, unit)));
    store(c + unit, cell);
    store(h + unit, output * tanh(V::splat(2 * kExponent) * cell));
  }
}

}  // namespace
}  // namespace crnn_deploy
