// Calls a plugin as TensorRT does, for tests and benchmarks without TensorRT. library.py compiles this file into a
// shared library, and host.py calls its functions.
//
// `tensors` are the inputs followed by the outputs. A result that is an integer is the plugin's own; 0 means success.
#include <dlfcn.h>

#include <deque>
#include <string>
#include <vector>

#include "plugin_abi.h"

#define CRNN_DEPLOY_EXPORT extern "C" __attribute__((visibility("default")))

namespace {

using namespace nvinfer1;

constexpr int kMissing = -1000;

// One size of a tensor while TensorRT computes shapes. A negative value stands for a size that is not known yet.
class Size final : public IDimensionExpr, private apiv::VDimensionExpr {
 public:
  explicit Size(int64_t value) : value_(value) { mImpl = this; }
  bool isConstant() const override { return value_ >= 0; }
  int64_t getConstantValue() const override { return value_; }
  bool isSizeTensor() const override { return false; }

 private:
  int64_t const value_;
};

class Sizes final : public IExprBuilder, private apiv::VExprBuilder {
 public:
  Sizes() { mImpl = this; }
  IDimensionExpr const* constant(int64_t value) override { return &sizes_.emplace_back(value); }
  IDimensionExpr const* operation(DimensionOperation, IDimensionExpr const&, IDimensionExpr const&) override {
    return nullptr;
  }
  IDimensionExpr const* declareSizeTensor(int32_t, IDimensionExpr const&, IDimensionExpr const&) override {
    return nullptr;
  }
  DimsExprs of(Dims const& dims) {
    DimsExprs expressions{};
    expressions.nbDims = dims.nbDims;
    for (int32_t axis = 0; axis < dims.nbDims; ++axis) expressions.d[axis] = &sizes_.emplace_back(dims.d[axis]);
    return expressions;
  }

 private:
  std::deque<Size> sizes_;  // a deque, because growing it does not move its elements
};

template <class Capability>
Capability* capability(IPluginV3* plugin, PluginCapabilityType type) {
  return static_cast<Capability*>(plugin->getCapabilityInterface(type));
}
IPluginV3OneBuild* build(IPluginV3* plugin) {
  return capability<IPluginV3OneBuild>(plugin, PluginCapabilityType::kBUILD);
}
IPluginV3OneRuntime* runtime(IPluginV3* plugin) {
  return capability<IPluginV3OneRuntime>(plugin, PluginCapabilityType::kRUNTIME);
}

std::vector<DynamicPluginTensorDesc> dynamic(PluginTensorDesc const* tensors, int count) {
  std::vector<DynamicPluginTensorDesc> dynamic;
  for (int i = 0; i < count; ++i)
    dynamic.push_back({tensors[i], tensors[i].dims, tensors[i].dims, tensors[i].dims});
  return dynamic;
}

}  // namespace

// The only creator in a plugin library. On failure the result is null, and `error` is the reason.
CRNN_DEPLOY_EXPORT IPluginCreatorV3One* host_open(char const* path, char const** error) {
  void* const library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    *error = dlerror();
    return nullptr;
  }
  using GetCreators = IPluginCreatorInterface* const* (*)(int32_t&);
  auto const creators = reinterpret_cast<GetCreators>(dlsym(library, "getCreators"));
  auto const set_logger_finder = reinterpret_cast<void (*)(ILoggerFinder*)>(dlsym(library, "setLoggerFinder"));
  if (!creators || !set_logger_finder) {
    *error = "it is no TensorRT plugin library";
    return nullptr;
  }
  set_logger_finder(nullptr);
  int32_t count = 0;
  IPluginCreatorInterface* const* const all = creators(count);
  if (count != 1 || std::string(all[0]->getInterfaceInfo().kind) != "PLUGIN CREATOR_V3ONE") {
    *error = "it does not have exactly one creator, of version 3";
    return nullptr;
  }
  return static_cast<IPluginCreatorV3One*>(all[0]);
}

// Name, version and namespace.
CRNN_DEPLOY_EXPORT void host_creator_names(IPluginCreatorV3One* creator, char const** names) {
  names[0] = creator->getPluginName();
  names[1] = creator->getPluginVersion();
  names[2] = creator->getPluginNamespace();
}

CRNN_DEPLOY_EXPORT PluginFieldCollection const* host_creator_fields(IPluginCreatorV3One* creator) {
  return creator->getFieldNames();
}

CRNN_DEPLOY_EXPORT IPluginV3* host_create(IPluginCreatorV3One* creator, PluginFieldCollection const* fields,
                                          int phase) {
  return creator->createPlugin("host", fields, static_cast<TensorRTPhase>(phase));
}

CRNN_DEPLOY_EXPORT IPluginV3* host_clone(IPluginV3* plugin) { return plugin->clone(); }
CRNN_DEPLOY_EXPORT IPluginV3* host_attach(IPluginV3* plugin) { return runtime(plugin)->attachToContext(nullptr); }
CRNN_DEPLOY_EXPORT void host_destroy(IPluginV3* plugin) { delete plugin; }

// Name, version, namespace, and the kinds of the plugin and its three capabilities.
CRNN_DEPLOY_EXPORT void host_plugin_names(IPluginV3* plugin, char const** names) {
  auto* const core = capability<IPluginV3OneCore>(plugin, PluginCapabilityType::kCORE);
  names[0] = core->getPluginName();
  names[1] = core->getPluginVersion();
  names[2] = core->getPluginNamespace();
  names[3] = plugin->getInterfaceInfo().kind;
  names[4] = core->getInterfaceInfo().kind;
  names[5] = build(plugin)->getInterfaceInfo().kind;
  names[6] = runtime(plugin)->getInterfaceInfo().kind;
}

CRNN_DEPLOY_EXPORT int host_has_capability(IPluginV3* plugin, int type) {
  return plugin->getCapabilityInterface(static_cast<PluginCapabilityType>(type)) != nullptr;
}

CRNN_DEPLOY_EXPORT int host_supports(IPluginV3* plugin, int position, PluginTensorDesc const* tensors, int inputs,
                                     int outputs) {
  std::vector<DynamicPluginTensorDesc> const described = dynamic(tensors, inputs + outputs);
  return build(plugin)->supportsFormatCombination(position, described.data(), inputs, outputs);
}

CRNN_DEPLOY_EXPORT int host_output_type(IPluginV3* plugin, PluginTensorDesc const* tensors, int inputs, int outputs,
                                        int* type) {
  std::vector<DataType> types;
  for (int i = 0; i < inputs; ++i) types.push_back(tensors[i].type);
  DataType output{};
  int const result = build(plugin)->getOutputDataTypes(&output, outputs, types.data(), inputs);
  *type = static_cast<int>(output);
  return result;
}

// A size that is the same as an unknown size of the first input is returned as -1.
CRNN_DEPLOY_EXPORT int host_output_shape(IPluginV3* plugin, PluginTensorDesc const* tensors, int inputs, int outputs,
                                         Dims* shape) {
  Sizes sizes;
  std::vector<DimsExprs> input_shapes;
  for (int i = 0; i < inputs; ++i) input_shapes.push_back(sizes.of(tensors[i].dims));
  DimsExprs output{};
  int const result = build(plugin)->getOutputShapes(input_shapes.data(), inputs, nullptr, 0, &output, outputs, sizes);
  if (result != 0) return result;
  shape->nbDims = output.nbDims;
  for (int32_t axis = 0; axis < output.nbDims; ++axis) {
    IDimensionExpr const* const size = output.d[axis];
    if (!size || !(size->isConstant() || size == input_shapes[0].d[axis])) return kMissing;
    shape->d[axis] = size->isConstant() ? size->getConstantValue() : -1;
  }
  return result;
}

CRNN_DEPLOY_EXPORT int host_configure(IPluginV3* plugin, PluginTensorDesc const* tensors, int inputs, int outputs) {
  std::vector<DynamicPluginTensorDesc> const described = dynamic(tensors, inputs + outputs);
  return build(plugin)->configurePlugin(described.data(), inputs, described.data() + inputs, outputs);
}

CRNN_DEPLOY_EXPORT PluginFieldCollection const* host_serialize(IPluginV3* plugin) {
  return runtime(plugin)->getFieldsToSerialize();
}

CRNN_DEPLOY_EXPORT int host_change_shapes(IPluginV3* plugin, PluginTensorDesc const* tensors, int inputs,
                                          int outputs) {
  return runtime(plugin)->onShapeChange(tensors, inputs, tensors + inputs, outputs);
}

// `pointers`: addresses in device memory of the inputs followed by the outputs.
CRNN_DEPLOY_EXPORT int host_enqueue(IPluginV3* plugin, PluginTensorDesc const* tensors, int inputs,
                                    void* const* pointers, cudaStream_t stream) {
  return runtime(plugin)->enqueue(tensors, tensors + inputs, pointers, pointers + inputs, nullptr, stream);
}
