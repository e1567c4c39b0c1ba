// The part of ONNX Runtime's C interface that a custom op needs, because the `onnxruntime` wheels contain no headers.
//
// `OrtApi` is a table of function pointers. New versions of ONNX Runtime only append entries, so the position of an
// entry never changes, and the positions below are valid for ONNX Runtime 1.20 and later.
// tests/native/test_onnxruntime_abi.py compares this file with ONNX Runtime's own header.
#pragma once

#include <cstddef>
#include <cstdint>

struct OrtStatus;
struct OrtValue;
struct OrtKernelInfo;
struct OrtKernelContext;
struct OrtSessionOptions;
struct OrtCustomOpDomain;
struct OrtTensorTypeAndShapeInfo;
struct OrtShapeInferContext;
struct OrtCustomOp;

struct OrtApi {
  void* functions[275];
};

struct OrtApiBase {
  const OrtApi* (*GetApi)(uint32_t version);
  const char* (*GetVersionString)();
};

namespace crnn_deploy::ort {

constexpr uint32_t kApiVersion = 20;

// One function of the table, given by its position and its signature.
template <size_t Position, class Signature>
struct Function;

template <size_t Position, class Result, class... Arguments>
struct Function<Position, Result(Arguments...)> {
  static Result call(const OrtApi* api, Arguments... arguments) {
    return reinterpret_cast<Result (*)(Arguments...)>(api->functions[Position])(arguments...);
  }
};

using CreateStatus = Function<0, OrtStatus*(int code, const char* message)>;
using CreateCustomOpDomain = Function<26, OrtStatus*(const char* name, OrtCustomOpDomain** domain)>;
using CustomOpDomainAdd = Function<27, OrtStatus*(OrtCustomOpDomain* domain, const OrtCustomOp* op)>;
using AddCustomOpDomain = Function<28, OrtStatus*(OrtSessionOptions* options, OrtCustomOpDomain* domain)>;
using GetTensorMutableData = Function<51, OrtStatus*(OrtValue* value, void** data)>;
using GetDimensionsCount = Function<61, OrtStatus*(const OrtTensorTypeAndShapeInfo* info, size_t* count)>;
using GetDimensions = Function<62, OrtStatus*(const OrtTensorTypeAndShapeInfo* info, int64_t* sizes, size_t count)>;
using GetTensorTypeAndShape = Function<65, OrtStatus*(const OrtValue* value, OrtTensorTypeAndShapeInfo** info)>;
using GetAttributeInt = Function<86, OrtStatus*(const OrtKernelInfo* info, const char* name, int64_t* value)>;
using GetAttributeString =
    Function<87, OrtStatus*(const OrtKernelInfo* info, const char* name, char* text, size_t* size)>;
using GetInputCount = Function<88, OrtStatus*(const OrtKernelContext* context, size_t* count)>;
using GetOutputCount = Function<89, OrtStatus*(const OrtKernelContext* context, size_t* count)>;
using GetInput = Function<90, OrtStatus*(const OrtKernelContext* context, size_t index, const OrtValue** value)>;
using GetOutput = Function<91, OrtStatus*(OrtKernelContext* context, size_t index, const int64_t* sizes, size_t count,
                                          OrtValue** value)>;
using ReleaseTensorTypeAndShapeInfo = Function<99, void(OrtTensorTypeAndShapeInfo* info)>;
using GetAttributeIntegers =
    Function<163, OrtStatus*(const OrtKernelInfo* info, const char* name, int64_t* values, size_t* count)>;
using GetNodeInputCount = Function<230, OrtStatus*(const OrtKernelInfo* info, size_t* count)>;
using GetInputName = Function<232, OrtStatus*(const OrtKernelInfo* info, size_t index, char* name, size_t* size)>;
using GetConstantInput =
    Function<249, OrtStatus*(const OrtKernelInfo* info, size_t index, int* is_constant, const OrtValue** value)>;
using ParallelFor = Function<274, OrtStatus*(const OrtKernelContext* context, void (*work)(void*, size_t),
                                             size_t total, size_t batches, void* data)>;

enum ErrorCode { kFail = 1, kInvalidArgument = 2 };
enum ElementType { kFloat = 1, kUint8 = 2, kInt8 = 3, kInt32 = 6 };
enum Characteristic { kRequired = 0, kOptional = 1 };
enum MemoryType { kDefaultMemory = 0 };

}  // namespace crnn_deploy::ort

// A custom op: its name, the types of its inputs and outputs, and the functions that run it. ONNX Runtime keeps a
// pointer to it and does not copy it.
struct OrtCustomOp {
  uint32_t version;
  void* (*CreateKernel)(const OrtCustomOp*, const OrtApi*, const OrtKernelInfo*);
  const char* (*GetName)(const OrtCustomOp*);
  const char* (*GetExecutionProviderType)(const OrtCustomOp*);
  crnn_deploy::ort::ElementType (*GetInputType)(const OrtCustomOp*, size_t index);
  size_t (*GetInputTypeCount)(const OrtCustomOp*);
  crnn_deploy::ort::ElementType (*GetOutputType)(const OrtCustomOp*, size_t index);
  size_t (*GetOutputTypeCount)(const OrtCustomOp*);
  void (*KernelCompute)(void* kernel, OrtKernelContext*);
  void (*KernelDestroy)(void* kernel);
  crnn_deploy::ort::Characteristic (*GetInputCharacteristic)(const OrtCustomOp*, size_t index);
  crnn_deploy::ort::Characteristic (*GetOutputCharacteristic)(const OrtCustomOp*, size_t index);
  crnn_deploy::ort::MemoryType (*GetInputMemoryType)(const OrtCustomOp*, size_t index);
  int (*GetVariadicInputMinArity)(const OrtCustomOp*);
  int (*GetVariadicInputHomogeneity)(const OrtCustomOp*);
  int (*GetVariadicOutputMinArity)(const OrtCustomOp*);
  int (*GetVariadicOutputHomogeneity)(const OrtCustomOp*);
  OrtStatus* (*CreateKernelV2)(const OrtCustomOp*, const OrtApi*, const OrtKernelInfo*, void** kernel);
  OrtStatus* (*KernelComputeV2)(void* kernel, OrtKernelContext*);
  OrtStatus* (*InferOutputShapeFn)(const OrtCustomOp*, OrtShapeInferContext*);
  int (*GetStartVersion)(const OrtCustomOp*);
  int (*GetEndVersion)(const OrtCustomOp*);
  size_t (*GetMayInplace)(int** inputs, int** outputs);
  void (*ReleaseMayInplace)(int* inputs, int* outputs);
  size_t (*GetAliasMap)(int** inputs, int** outputs);
  void (*ReleaseAliasMap)(int* inputs, int* outputs);
};
