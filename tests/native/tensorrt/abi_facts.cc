// Prints what must be the same for a plugin and TensorRT: sizes, offsets, numbers, and positions of virtual functions.
#include <cstdio>
#include <cstring>

#include "plugin_abi.h"

using namespace nvinfer1;

// The position of a virtual function in its table, as the Itanium C++ ABI encodes it in a pointer to a member.
template <class Function>
long place(Function function) {
  long words[2];
  static_assert(sizeof(function) == sizeof(words), "another C++ ABI");
  std::memcpy(words, &function, sizeof(words));
  return (words[0] - 1) / static_cast<long>(sizeof(void*));
}

#define SIZE(type) std::printf("sizeof %s %zu\n", #type, sizeof(type))
#define OFFSET(type, member) std::printf("%s.%s at %zu\n", #type, #member, offsetof(type, member))
#define PLACE(type, function) std::printf("%s::%s is function %ld\n", #type, #function, place(&type::function))
#define NUMBER(value) std::printf("%s = %d\n", #value, static_cast<int>(value))

int main() {
  SIZE(Dims);
  SIZE(DimsExprs);
  SIZE(PluginField);
  SIZE(PluginFieldCollection);
  SIZE(PluginTensorDesc);
  SIZE(DynamicPluginTensorDesc);
  SIZE(InterfaceInfo);
  SIZE(IDimensionExpr);
  SIZE(IExprBuilder);
  SIZE(IPluginV3);
  SIZE(IPluginV3OneBuild);
  SIZE(IPluginCreatorV3One);
  OFFSET(Dims, nbDims);
  OFFSET(Dims, d);
  OFFSET(DimsExprs, nbDims);
  OFFSET(DimsExprs, d);
  OFFSET(PluginField, name);
  OFFSET(PluginField, data);
  OFFSET(PluginField, type);
  OFFSET(PluginField, length);
  OFFSET(PluginFieldCollection, nbFields);
  OFFSET(PluginFieldCollection, fields);
  OFFSET(PluginTensorDesc, dims);
  OFFSET(PluginTensorDesc, type);
  OFFSET(PluginTensorDesc, format);
  OFFSET(PluginTensorDesc, scale);
  OFFSET(DynamicPluginTensorDesc, desc);
  OFFSET(DynamicPluginTensorDesc, min);
  OFFSET(DynamicPluginTensorDesc, max);
  OFFSET(DynamicPluginTensorDesc, opt);
  OFFSET(InterfaceInfo, kind);
  OFFSET(InterfaceInfo, major);
  OFFSET(InterfaceInfo, minor);
  PLACE(IVersionedInterface, getAPILanguage);
  PLACE(IVersionedInterface, getInterfaceInfo);
  PLACE(IPluginV3, getCapabilityInterface);
  PLACE(IPluginV3, clone);
  PLACE(IPluginV3OneCore, getPluginName);
  PLACE(IPluginV3OneCore, getPluginVersion);
  PLACE(IPluginV3OneCore, getPluginNamespace);
  PLACE(IPluginV3OneBuild, configurePlugin);
  PLACE(IPluginV3OneBuild, getOutputDataTypes);
  PLACE(IPluginV3OneBuild, getOutputShapes);
  PLACE(IPluginV3OneBuild, supportsFormatCombination);
  PLACE(IPluginV3OneBuild, getNbOutputs);
  PLACE(IPluginV3OneBuild, getWorkspaceSize);
  PLACE(IPluginV3OneBuild, getValidTactics);
  PLACE(IPluginV3OneBuild, getNbTactics);
  PLACE(IPluginV3OneBuild, getTimingCacheID);
  PLACE(IPluginV3OneBuild, getFormatCombinationLimit);
  PLACE(IPluginV3OneBuild, getMetadataString);
  PLACE(IPluginV3OneRuntime, setTactic);
  PLACE(IPluginV3OneRuntime, onShapeChange);
  PLACE(IPluginV3OneRuntime, enqueue);
  PLACE(IPluginV3OneRuntime, attachToContext);
  PLACE(IPluginV3OneRuntime, getFieldsToSerialize);
  PLACE(IPluginCreatorV3One, createPlugin);
  PLACE(IPluginCreatorV3One, getFieldNames);
  PLACE(IPluginCreatorV3One, getPluginName);
  PLACE(IPluginCreatorV3One, getPluginVersion);
  PLACE(IPluginCreatorV3One, getPluginNamespace);
  PLACE(apiv::VDimensionExpr, isConstant);
  PLACE(apiv::VDimensionExpr, getConstantValue);
  PLACE(apiv::VDimensionExpr, isSizeTensor);
  PLACE(apiv::VExprBuilder, constant);
  PLACE(apiv::VExprBuilder, operation);
  PLACE(apiv::VExprBuilder, declareSizeTensor);
  NUMBER(DataType::kFLOAT);
  NUMBER(DataType::kHALF);
  NUMBER(DataType::kINT8);
  NUMBER(DataType::kINT32);
  NUMBER(TensorFormat::kLINEAR);
  NUMBER(TensorFormat::kCHW2);
  NUMBER(TensorRTPhase::kBUILD);
  NUMBER(TensorRTPhase::kRUNTIME);
  NUMBER(PluginCapabilityType::kCORE);
  NUMBER(PluginCapabilityType::kBUILD);
  NUMBER(PluginCapabilityType::kRUNTIME);
  NUMBER(PluginFieldType::kFLOAT32);
  NUMBER(PluginFieldType::kINT32);
  NUMBER(PluginFieldType::kCHAR);
  NUMBER(PluginFieldType::kUNKNOWN);
  NUMBER(PluginFieldType::kINT64);
}
