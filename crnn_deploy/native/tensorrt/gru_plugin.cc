// No exception may reach TensorRT, so all functions report errors by their results.
#include "gru_plugin.h"

#include <new>

#include "gru.h"

#define CRNN_DEPLOY_EXPORT extern "C" __attribute__((visibility("default")))

namespace crnn_deploy {
namespace {

using namespace nvinfer1;

constexpr int32_t kDone = 0;
constexpr int32_t kRefused = -1;

PluginTensorDesc const& described(PluginTensorDesc const& desc) { return desc; }
PluginTensorDesc const& described(DynamicPluginTensorDesc const& desc) { return desc.desc; }

template <class Desc>
GruTensor tensor(Desc const& desc) {
  return {described(desc).dims, described(desc).type};
}

template <class Desc>
bool descriptions_fit(GruFields const& fields, Desc const* inputs, int32_t input_count, Desc const* outputs,
                      int32_t output_count) {
  if (!counts_fit(input_count, output_count)) return false;
  GruTensor tensors[kMostInputs];
  for (int32_t i = 0; i < input_count; ++i) tensors[i] = tensor(inputs[i]);
  return tensors_fit(fields, tensors, input_count, tensor(outputs[0]));
}

}  // namespace

GruPlugin::GruPlugin(GruFields const& fields)
    : fields_(fields),
      serialized_fields_{{GruFields::names()->fields[0].name, &fields_.hidden, PluginFieldType::kINT32, 1},
                         {GruFields::names()->fields[1].name, fields_.direction.data(), PluginFieldType::kCHAR,
                          static_cast<int32_t>(fields_.direction.size())}},
      serialized_{2, serialized_fields_} {}

IPluginCapability* GruPlugin::getCapabilityInterface(PluginCapabilityType type) noexcept {
  switch (type) {
    case PluginCapabilityType::kCORE:
      return static_cast<IPluginV3OneCore*>(this);
    case PluginCapabilityType::kBUILD:
      return static_cast<IPluginV3OneBuild*>(this);
    case PluginCapabilityType::kRUNTIME:
      return static_cast<IPluginV3OneRuntime*>(this);
  }
  return nullptr;
}

IPluginV3* GruPlugin::clone() noexcept {
  auto* const copy = new (std::nothrow) GruPlugin(fields_);
  if (copy) copy->input_count_ = input_count_;
  return copy;
}

int32_t GruPlugin::configurePlugin(DynamicPluginTensorDesc const* inputs, int32_t input_count,
                                   DynamicPluginTensorDesc const* outputs, int32_t output_count) noexcept {
  return descriptions_fit(fields_, inputs, input_count, outputs, output_count) ? kDone : kRefused;
}

int32_t GruPlugin::getOutputDataTypes(DataType* outputs, int32_t output_count, DataType const* inputs,
                                      int32_t input_count) const noexcept {
  if (!counts_fit(input_count, output_count)) return kRefused;
  outputs[0] = inputs[kGates];
  return kDone;
}

int32_t GruPlugin::getOutputShapes(DimsExprs const* inputs, int32_t input_count, DimsExprs const*, int32_t,
                                   DimsExprs* outputs, int32_t output_count, IExprBuilder& builder) noexcept {
  if (!counts_fit(input_count, output_count) || inputs[kGates].nbDims != 3) return kRefused;
  int64_t const width = static_cast<int64_t>(fields_.directions()) * fields_.hidden;
  IDimensionExpr const* const* const gates = inputs[kGates].d;
  if (gates[2]->isConstant() && gates[2]->getConstantValue() != 3 * width) return kRefused;
  outputs[0].nbDims = 3;
  outputs[0].d[0] = gates[0];
  outputs[0].d[1] = gates[1];
  outputs[0].d[2] = builder.constant(width);
  return kDone;
}

bool GruPlugin::supportsFormatCombination(int32_t position, DynamicPluginTensorDesc const* tensors,
                                          int32_t input_count, int32_t output_count) noexcept {
  if (!counts_fit(input_count, output_count) || position < 0 || position > input_count) return false;
  PluginTensorDesc const& desc = tensors[position].desc;
  return desc.format == TensorFormat::kLINEAR &&
         type_fits(position, input_count, desc.type, tensors[kGates].desc.type);
}

int32_t GruPlugin::onShapeChange(PluginTensorDesc const* inputs, int32_t input_count, PluginTensorDesc const* outputs,
                                 int32_t output_count) noexcept {
  bool const fits = descriptions_fit(fields_, inputs, input_count, outputs, output_count);
  input_count_ = fits ? input_count : 0;
  return fits ? kDone : kRefused;
}

int32_t GruPlugin::enqueue(PluginTensorDesc const* input_descs, PluginTensorDesc const*, void const* const* inputs,
                           void* const* outputs, void*, cudaStream_t stream) noexcept {
  if (input_count_ == 0) return kRefused;
  PluginTensorDesc const& gates = input_descs[kGates];
  OptionalInputs const optional(input_count_,
                                input_count_ > kFirstOptional ? input_descs[kFirstOptional].type : DataType{});
  GruProblem problem{};
  problem.element = gates.type == DataType::kHALF ? Element::kHalf : Element::kFloat;
  problem.batch = static_cast<int>(gates.dims.d[0]);
  problem.steps = static_cast<int>(gates.dims.d[1]);
  problem.hidden = fields_.hidden;
  problem.directions = fields_.directions();
  problem.reverse = fields_.direction == "reverse";
  problem.gates = inputs[kGates];
  problem.recurrent = inputs[kRecurrent];
  problem.bias = inputs[kBias];
  if (optional.lengths >= 0) problem.lengths = static_cast<int const*>(inputs[optional.lengths]);
  if (optional.initial >= 0) problem.initial = inputs[optional.initial];
  problem.output = outputs[0];
  return static_cast<int32_t>(run_gru(problem, stream));
}

IPluginV3* GruPlugin::attachToContext(IPluginResourceContext*) noexcept { return clone(); }

IPluginV3* GruPluginCreator::createPlugin(AsciiChar const*, PluginFieldCollection const* fields,
                                          TensorRTPhase) noexcept {
  std::optional<GruFields> const read = GruFields::read(fields);
  return read ? new (std::nothrow) GruPlugin(*read) : nullptr;
}

}  // namespace crnn_deploy

namespace {

nvinfer1::IPluginCreatorInterface* const* creators(int32_t& count) noexcept {
  static crnn_deploy::GruPluginCreator creator;
  static nvinfer1::IPluginCreatorInterface* const all[] = {&creator};
  count = 1;
  return all;
}

}  // namespace

// The functions that TensorRT looks up in a plugin library.
CRNN_DEPLOY_EXPORT nvinfer1::IPluginCreatorInterface* const* getCreators(int32_t& count) { return creators(count); }
CRNN_DEPLOY_EXPORT nvinfer1::IPluginCreatorInterface* const* getPluginCreators(int32_t& count) {
  return creators(count);
}
// The logger is not used, because TensorRT 11 changed its interface.
CRNN_DEPLOY_EXPORT void setLoggerFinder(nvinfer1::ILoggerFinder*) {}
