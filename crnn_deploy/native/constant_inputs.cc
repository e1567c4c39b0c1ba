#include "constant_inputs.h"

#include <cmath>
#include <limits>

namespace crnn_deploy {

using ort::InvalidModel;
using ort::Tensor;

namespace {

size_t count_of(const Tensor& tensor) {
  size_t count = 1;
  for (int64_t size : tensor.shape()) count *= static_cast<size_t>(size);
  return count;
}

}  // namespace

void require_finite(const char* name, const Tensor& tensor, float least) {
  const size_t count = count_of(tensor);
  for (size_t i = 0; i < count; ++i)
    if (!(std::isfinite(tensor.data<float>()[i]) && tensor.data<float>()[i] >= least))
      throw InvalidModel(std::string(name) + " holds a value that is not finite" +
                         (least < 0 ? "" : ", or is negative"));
}

void require_symmetric(const char* name, const Tensor& tensor) {
  const size_t count = count_of(tensor);
  for (size_t i = 0; i < count; ++i)
    if (tensor.data<int8_t>()[i] == -128)
      throw InvalidModel(std::string(name) + " holds -128; it must lie in -127 … 127");
}

std::vector<int> small_integers(const ort::NodeInfo& node, const char* name, size_t count, int least) {
  const std::vector<int64_t> values = node.integers(name);
  if (values.size() != count) throw InvalidModel(std::string(name) + " must be " + std::to_string(count) + " integers");
  for (int64_t value : values)
    if (value < least || value > std::numeric_limits<int16_t>::max())
      throw InvalidModel(std::string(name) + " holds " + std::to_string(value));
  return {values.begin(), values.end()};
}

Bytes bytes_of(const ort::NodeInfo& node, size_t scale_index, size_t zero_index) {
  const Tensor scale = node.constant_input(scale_index), zero = node.constant_input(zero_index);
  if (!scale || !zero) throw InvalidModel("scales and zero points must be constant");
  scale.require("a scale", {});
  zero.require("a zero point", {});
  require_finite("a scale", scale, std::numeric_limits<float>::min());
  return {*scale.data<float>(), *zero.data<uint8_t>()};
}

}  // namespace crnn_deploy
