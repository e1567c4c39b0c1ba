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
//   store_bytes(to, v)               rounds to 0…255; what is not a number becomes any of them
//   + - *, add_product(a, b, c)      add_product is a·b + c
//   nearest(x)                       the nearest whole number
//   times_power_of_two(x, n)         x·2^n; if n is out of range, a number that is as good as infinity or zero
//   reciprocal(x)                    1/x, rounded correctly
//   nearly_reciprocal(x)             1/x with a relative error of at most 1e-4
//   Bits, no_bits(), larger_magnitude(bits, v), magnitude_of(bits)
//                                    the largest magnitude. The bits of floats are compared as integers, so that a NaN
//                                    counts as larger than infinity.

// 2^x = 2^n · p(f), where n is a whole number and f is in [-1/2, 1/2]. The coefficients of the polynomial p begin with
// the highest power.
template <class V, class... Coefficients>
V power_of_two(V x, float highest, Coefficients... rest) {
  const V whole = nearest(x), part = x - whole;
  V power = V::splat(highest);
  ((power = add_product(power, part, V::splat(rest))), ...);
  return times_power_of_two(power, whole);
}

// Sigmoid and tanh of an argument in the exponent's units (see kExponent). Their polynomials are those with the least
// relative errors: 7e-5 and 3e-6. Tanh of a small argument needs the smaller one, and 1/x without an error, because it
// is a small difference of larger numbers; a sigmoid only multiplies.
template <class V>
V sigmoid(V exponent) {
  const V power = power_of_two(exponent, 0.05517167f, 0.24261113f, 0.69326097f, 0.99992806f);
  return nearly_reciprocal(V::splat(1.0f) + power);
}

template <class V>
V tanh(V exponent) {
  const V power = power_of_two(exponent, 0.0095701f, 0.05591786f, 0.24024744f, 0.6931218f, 0.9999993f);
  return add_product(V::splat(2.0f), reciprocal(V::splat(1.0f) + power), V::splat(-1.0f));
}

template <class V>
float magnitude(const float* x, int count) {
  const int whole = count / V::kWidth * V::kWidth;
  typename V::Bits largest = V::no_bits();
  for (int i = 0; i < whole; i += V::kWidth) largest = larger_magnitude(largest, V::load(x + i));
  if (whole < count) largest = larger_magnitude(largest, V::load_first(x + whole, count - whole));
  return V::magnitude_of(largest);
}

template <class V>
void to_bytes(const float* x, int count, float factor, float zero, uint8_t* bytes) {
  const int whole = count / V::kWidth * V::kWidth;
  const V factors = V::splat(factor), zeros = V::splat(zero);
  for (int i = 0; i < whole; i += V::kWidth) store_bytes(bytes + i, add_product(V::load(x + i), factors, zeros));
  for (int i = whole; i < round_up(count, kPanel); i += V::kWidth)
    store_bytes(bytes + i, add_product(V::load_first(x + i, count - i), factors, zeros));
}

template <class V>
float round(const float* x, int count, float magnitude, uint8_t* rounded) {
  constexpr float kLargest = std::numeric_limits<float>::max(), kNaN = std::numeric_limits<float>::quiet_NaN();
  if (!(magnitude <= kLargest)) {  // infinite or NaN
    for (int i = 0; i < round_up(count, kPanel); ++i) rounded[i] = 128;
    return kNaN;
  }
  const bool tiny = magnitude <= 1e-30f;  // 1 / scale could be infinite
  to_bytes<V>(x, count, tiny ? 1.0f : 127.0f / magnitude, 128.0f, rounded);
  return tiny ? 1.0f : magnitude / 127.0f;
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
float gru(const Step& step, float* h) {
  const int hidden = step.hidden;
  typename V::Bits largest = V::no_bits();
  for (int unit = 0; unit < hidden; unit += V::kWidth) {
    const int reset_unit = hidden + unit, candidate_unit = 2 * hidden + unit;
    const V update = sigmoid(from_state(step, unit, from_input<V>(step, unit)));
    const V reset = sigmoid(from_state(step, reset_unit, from_input<V>(step, reset_unit)));
    const V past = from_state(step, candidate_unit, V::load(step.candidate_bias + unit));
    const V candidate = tanh(add_product(reset, past, from_input<V>(step, candidate_unit)));
    const V next = add_product(update, V::load(h + unit) - candidate, candidate);
    store(h + unit, next);
    largest = larger_magnitude(largest, next);
  }
  return V::magnitude_of(largest);
}

template <class V>
float lstm(const Step& step, float* h, float* c) {
  const int hidden = step.hidden;
  typename V::Bits largest = V::no_bits();
  const auto gate = [&](int number, int unit) {
    return from_state(step, number * hidden + unit, from_input<V>(step, number * hidden + unit));
  };
  for (int unit = 0; unit < hidden; unit += V::kWidth) {
    const V input = sigmoid(gate(0, unit)), output = sigmoid(gate(1, unit)), forget = sigmoid(gate(2, unit));
    const V cell = add_product(forget, V::load(c + unit), input * tanh(gate(3, unit)));
    const V next = output * tanh(V::splat(2 * kExponent) * cell);
    store(c + unit, cell);
    store(h + unit, next);
    largest = larger_magnitude(largest, next);
  }
  return V::magnitude_of(largest);
}

}  // namespace
}  // namespace crnn_deploy
