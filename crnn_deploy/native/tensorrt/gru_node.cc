#include "gru_node.h"

#include <initializer_list>
#include <limits>

#include "gru.h"

namespace crnn_deploy {
namespace {

using nvinfer1::DataType;
using nvinfer1::Dims;
using nvinfer1::PluginField;
using nvinfer1::PluginFieldCollection;
using nvinfer1::PluginFieldType;

constexpr std::string_view kHiddenSize = "hidden_size";
constexpr std::string_view kDirection = "direction";
constexpr std::string_view kDirections[] = {"forward", "reverse", "bidirectional"};
constexpr int64_t kUnknown = -1;

PluginField const* find(PluginFieldCollection const& fields, std::string_view name, PluginFieldType type) {
  for (int32_t i = 0; i < fields.nbFields; ++i) {
    PluginField const& field = fields.fields[i];
    if (!field.name || field.name != name) continue;
    return field.type == type && field.data && field.length > 0 ? &field : nullptr;
  }
  return nullptr;
}

// A size that several tensors have in common: it must be the same wherever it is known.
class Size {
 public:
  bool agrees(int64_t size) {
    if (size == kUnknown) return true;
    if (size < 0 || size > std::numeric_limits<int32_t>::max()) return false;
    if (known_ == kUnknown) known_ = size;
    return size == known_;
  }

 private:
  int64_t known_ = kUnknown;
};

bool is(Dims const& dims, std::initializer_list<int64_t> expected) {
  if (dims.nbDims != static_cast<int32_t>(expected.size())) return false;
  for (int32_t axis = 0; axis < dims.nbDims; ++axis)
    if (dims.d[axis] != kUnknown && dims.d[axis] != expected.begin()[axis]) return false;
  return true;
}

}  // namespace

std::optional<GruFields> GruFields::read(PluginFieldCollection const* fields) {
  if (!fields || !fields->fields) return std::nullopt;
  PluginField const* const size = find(*fields, kHiddenSize, PluginFieldType::kINT32);
  PluginField const* const text = find(*fields, kDirection, PluginFieldType::kCHAR);
  if (!size || size->length != 1 || !text) return std::nullopt;

  int32_t const hidden = *static_cast<int32_t const*>(size->data);
  if (hidden < 1 || hidden > kLargestHidden) return std::nullopt;
  std::string_view text_value(static_cast<char const*>(text->data), static_cast<size_t>(text->length));
  if (text_value.back() == '\0') text_value.remove_suffix(1);
  for (std::string_view direction : kDirections)
    if (text_value == direction) return GruFields{hidden, direction};
  return std::nullopt;
}

PluginFieldCollection const* GruFields::names() {
  static PluginField const fields[] = {{kHiddenSize.data(), nullptr, PluginFieldType::kINT32, 1},
                                       {kDirection.data(), nullptr, PluginFieldType::kCHAR, 1}};
  static PluginFieldCollection const names{2, fields};
  return &names;
}

OptionalInputs::OptionalInputs(int32_t input_count, DataType fourth) : lengths(-1), initial(-1) {
  int32_t next = kFirstOptional;
  if (next < input_count && fourth == DataType::kINT32) lengths = next++;
  if (next < input_count) initial = next;
}

bool type_fits(int32_t position, int32_t input_count, DataType type, DataType gates) {
  if (position == kGates) return type == DataType::kFLOAT || type == DataType::kHALF;
  bool const optional = position == kFirstOptional && position < input_count;
  if (optional && type == DataType::kINT32) return true;
  bool const must_be_lengths = optional && input_count == kMostInputs;
  return type == gates && !must_be_lengths;
}

bool tensors_fit(GruFields const& fields, GruTensor const* inputs, int32_t input_count, GruTensor const& output) {
  for (int32_t i = 0; i < input_count; ++i)
    if (!type_fits(i, input_count, inputs[i].type, inputs[kGates].type)) return false;
  if (output.type != inputs[kGates].type) return false;

  int64_t const hidden = fields.hidden, directions = fields.directions();
  Dims const& gates = inputs[kGates].dims;
  if (gates.nbDims != 3 || output.dims.nbDims != 3) return false;
  bool fits = is(gates, {gates.d[0], gates.d[1], directions * 3 * hidden}) &&
              is(inputs[kRecurrent].dims, {directions, 3 * hidden, hidden}) &&
              is(inputs[kBias].dims, {directions, hidden}) &&
              is(output.dims, {output.dims.d[0], output.dims.d[1], directions * hidden});
  Size batch, steps;
  fits = fits && batch.agrees(gates.d[0]) && batch.agrees(output.dims.d[0]) && steps.agrees(gates.d[1]) &&
         steps.agrees(output.dims.d[1]);

  OptionalInputs const optional(input_count, input_count > kFirstOptional ? inputs[kFirstOptional].type : DataType{});
  if (optional.lengths >= 0) {
    Dims const& lengths = inputs[optional.lengths].dims;
    fits = fits && lengths.nbDims == 1 && batch.agrees(lengths.d[0]);
  }
  if (optional.initial >= 0) {
    Dims const& initial = inputs[optional.initial].dims;
    fits = fits && initial.nbDims == 3 && is(initial, {directions, initial.d[1], hidden}) && batch.agrees(initial.d[1]);
  }
  return fits;
}

}  // namespace crnn_deploy
