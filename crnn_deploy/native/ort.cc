#include "ort.h"

#include <memory>

namespace crnn_deploy::ort {

Tensor::Tensor(const OrtApi* api, const OrtValue* value) {
  if (!value) return;
  present_ = true;
  OrtTensorTypeAndShapeInfo* info = nullptr;
  check(GetTensorTypeAndShape::call(api, value, &info));
  const auto release = [api](OrtTensorTypeAndShapeInfo* owned) { ReleaseTensorTypeAndShapeInfo::call(api, owned); };
  const std::unique_ptr<OrtTensorTypeAndShapeInfo, decltype(release)> owner(info, release);
  size_t rank = 0;
  check(GetDimensionsCount::call(api, info, &rank));
  shape_.resize(rank);
  check(GetDimensions::call(api, info, shape_.data(), rank));
  check(GetTensorMutableData::call(api, const_cast<OrtValue*>(value), &data_));
}

void Tensor::require(const char* name, const Shape& expected) const {
  bool empty = false;
  for (int64_t size : shape_) empty = empty || size <= 0;
  if (empty || shape_ != expected)
    throw InvalidModel(std::string(name) + " has shape " + to_string(shape_) + ", expected " + to_string(expected) +
                       (empty ? " without zeros" : ""));
}

int64_t NodeInfo::integer(const char* name) const {
  int64_t value = 0;
  check(GetAttributeInt::call(api_, info_, name, &value));
  return value;
}

std::vector<int64_t> NodeInfo::integers(const char* name) const {
  size_t count = 0;
  check(GetAttributeIntegers::call(api_, info_, name, nullptr, &count));
  std::vector<int64_t> values(count);
  check(GetAttributeIntegers::call(api_, info_, name, values.data(), &count));
  return values;
}

std::string NodeInfo::text(const char* name) const {
  size_t size = 0;  // includes the zero at the end
  check(GetAttributeString::call(api_, info_, name, nullptr, &size));
  std::string value(size, '\0');
  check(GetAttributeString::call(api_, info_, name, value.data(), &size));
  value.resize(size ? size - 1 : 0);
  return value;
}

size_t NodeInfo::input_count() const {
  size_t count = 0;
  check(GetNodeInputCount::call(api_, info_, &count));
  return count;
}

Tensor NodeInfo::constant_input(size_t index) const {
  if (index >= input_count()) return {};
  int is_constant = 0;
  const OrtValue* value = nullptr;
  check(GetConstantInput::call(api_, info_, index, &is_constant, &value));
  return is_constant ? Tensor(api_, value) : Tensor();
}

Tensor NodeInfo::optional_constant(const char* name, size_t index) const {
  const Tensor constant = constant_input(index);
  if (constant || index >= input_count()) return constant;
  size_t size = 0;  // of the name of an input that is absent: 1, the zero at the end
  check(GetInputName::call(api_, info_, index, nullptr, &size));
  if (size > 1) throw InvalidModel(std::string(name) + " must be constant");
  return constant;
}

const OrtValue* Run::value(size_t index) const {
  size_t count = 0;
  check(GetInputCount::call(api_, context_, &count));
  const OrtValue* value = nullptr;
  if (index < count) check(GetInput::call(api_, context_, index, &value));
  return value;
}

void* Run::output_data(size_t index, const Shape& shape) const {
  size_t count = 0;
  check(GetOutputCount::call(api_, context_, &count));
  if (index >= count) return nullptr;
  OrtValue* value = nullptr;
  check(GetOutput::call(api_, context_, index, shape.data(), shape.size(), &value));
  if (!value) return nullptr;
  void* data = nullptr;
  check(GetTensorMutableData::call(api_, value, &data));
  return data;
}

}  // namespace crnn_deploy::ort
