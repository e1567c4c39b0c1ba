// Prints what onnxruntime_abi.h declares beside what ONNX Runtime's own header declares, for test_onnxruntime_abi.py.
//
// A line has four fields, separated by tabs: what is compared, its name in our header, our value, ONNX Runtime's value.
// Positions count entries of OrtApi, offsets and sizes are in bytes.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <type_traits>

#include <onnxruntime_c_api.h>

// Both headers declare the same names, so ours are put into a namespace. The standard headers that ours includes are
// included above, so that they do not end up in it.
namespace ours {
#include "onnxruntime_abi.h"
}

namespace abi = ours::crnn_deploy::ort;

namespace {

static_assert(sizeof(OrtErrorCode) == sizeof(int) && sizeof(ONNXTensorElementDataType) == sizeof(int) &&
              sizeof(OrtCustomOpInputOutputCharacteristic) == sizeof(int) && sizeof(OrtMemType) == sizeof(int));

// The type by which two declarations are compared: ONNX Runtime's structs for ours, and `int` for an enumeration,
// because both are passed in the same way. `noexcept` is no part of it, because a caller may ignore it.
template <class T>
struct Plain {
  using type = std::conditional_t<std::is_enum_v<T>, int, T>;
};
template <class T>
struct Plain<T*> {
  using type = typename Plain<T>::type*;
};
template <class T>
struct Plain<const T> {
  using type = const typename Plain<T>::type;
};
template <class Result, class... Arguments>
struct Plain<Result(Arguments...)> {
  using type = typename Plain<Result>::type(typename Plain<Arguments>::type...);
};
template <class Result, class... Arguments>
struct Plain<Result(Arguments...) noexcept> : Plain<Result(Arguments...)> {};

#define SAME_STRUCT(NAME)      \
  template <>                  \
  struct Plain<ours::NAME> {   \
    using type = ::NAME;       \
  };
SAME_STRUCT(OrtApi)
SAME_STRUCT(OrtCustomOp)
SAME_STRUCT(OrtCustomOpDomain)
SAME_STRUCT(OrtKernelContext)
SAME_STRUCT(OrtKernelInfo)
SAME_STRUCT(OrtSessionOptions)
SAME_STRUCT(OrtShapeInferContext)
SAME_STRUCT(OrtStatus)
SAME_STRUCT(OrtTensorTypeAndShapeInfo)
SAME_STRUCT(OrtValue)

// A text that two types share only if they are the same.
template <class T>
char const* text() {
  return __PRETTY_FUNCTION__;
}

template <class Function>
struct Entry;
template <size_t Position, class Signature>
struct Entry<abi::Function<Position, Signature>> {
  static constexpr size_t kPosition = Position;
  using Pointer = Signature*;
};

void compare(char const* what, char const* name, long long our_value, long long their_value) {
  std::printf("%s\t%s\t%lld\t%lld\n", what, name, our_value, their_value);
}

template <class Ours, class Theirs>
void compare_types(char const* what, char const* name) {
  char const* const our_text = text<typename Plain<Ours>::type>();
  char const* const their_text = text<typename Plain<Theirs>::type>();
  std::printf("%s\t%s\t%s\t%s\n", what, name, our_text, their_text);
}

}  // namespace

#define FUNCTION(OURS, THEIRS)                                                                                     \
  compare("position", #OURS, Entry<abi::OURS>::kPosition, offsetof(OrtApi, THEIRS) / sizeof(void*));               \
  compare_types<Entry<abi::OURS>::Pointer, decltype(OrtApi::THEIRS)>("signature", #OURS)
#define FIELD(STRUCT, NAME)                                                                                        \
  compare("offset in " #STRUCT, #NAME, offsetof(ours::STRUCT, NAME), offsetof(::STRUCT, NAME));                    \
  compare_types<decltype(ours::STRUCT::NAME), decltype(::STRUCT::NAME)>("type in " #STRUCT, #NAME)
#define VALUE(OURS, THEIRS) compare("value", #OURS, abi::OURS, THEIRS)

int main() {
  compare("version", "kApiVersion", abi::kApiVersion, ORT_API_VERSION);
  compare("size", "OrtApiBase", sizeof(ours::OrtApiBase), sizeof(OrtApiBase));
  compare("size", "OrtApi", sizeof(ours::OrtApi), sizeof(OrtApi));
  compare("size", "OrtCustomOp", sizeof(ours::OrtCustomOp), sizeof(OrtCustomOp));

  FIELD(OrtApiBase, GetApi);
  FIELD(OrtApiBase, GetVersionString);

  FUNCTION(CreateStatus, CreateStatus);
  FUNCTION(CreateCustomOpDomain, CreateCustomOpDomain);
  FUNCTION(CustomOpDomainAdd, CustomOpDomain_Add);
  FUNCTION(AddCustomOpDomain, AddCustomOpDomain);
  FUNCTION(GetTensorMutableData, GetTensorMutableData);
  FUNCTION(GetDimensionsCount, GetDimensionsCount);
  FUNCTION(GetDimensions, GetDimensions);
  FUNCTION(GetTensorTypeAndShape, GetTensorTypeAndShape);
  FUNCTION(GetAttributeInt, KernelInfoGetAttribute_int64);
  FUNCTION(GetAttributeString, KernelInfoGetAttribute_string);
  FUNCTION(GetAttributeIntegers, KernelInfoGetAttributeArray_int64);
  FUNCTION(GetInputCount, KernelContext_GetInputCount);
  FUNCTION(GetOutputCount, KernelContext_GetOutputCount);
  FUNCTION(GetInput, KernelContext_GetInput);
  FUNCTION(GetOutput, KernelContext_GetOutput);
  FUNCTION(ReleaseTensorTypeAndShapeInfo, ReleaseTensorTypeAndShapeInfo);
  FUNCTION(GetNodeInputCount, KernelInfo_GetInputCount);
  FUNCTION(GetInputName, KernelInfo_GetInputName);
  FUNCTION(GetConstantInput, KernelInfoGetConstantInput_tensor);
  FUNCTION(ParallelFor, KernelContext_ParallelFor);

  VALUE(kFail, ORT_FAIL);
  VALUE(kInvalidArgument, ORT_INVALID_ARGUMENT);
  VALUE(kFloat, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT);
  VALUE(kUint8, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8);
  VALUE(kInt8, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8);
  VALUE(kInt32, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32);
  VALUE(kRequired, INPUT_OUTPUT_REQUIRED);
  VALUE(kOptional, INPUT_OUTPUT_OPTIONAL);
  VALUE(kDefaultMemory, OrtMemTypeDefault);

  FIELD(OrtCustomOp, version);
  FIELD(OrtCustomOp, CreateKernel);
  FIELD(OrtCustomOp, GetName);
  FIELD(OrtCustomOp, GetExecutionProviderType);
  FIELD(OrtCustomOp, GetInputType);
  FIELD(OrtCustomOp, GetInputTypeCount);
  FIELD(OrtCustomOp, GetOutputType);
  FIELD(OrtCustomOp, GetOutputTypeCount);
  FIELD(OrtCustomOp, KernelCompute);
  FIELD(OrtCustomOp, KernelDestroy);
  FIELD(OrtCustomOp, GetInputCharacteristic);
  FIELD(OrtCustomOp, GetOutputCharacteristic);
  FIELD(OrtCustomOp, GetInputMemoryType);
  FIELD(OrtCustomOp, GetVariadicInputMinArity);
  FIELD(OrtCustomOp, GetVariadicInputHomogeneity);
  FIELD(OrtCustomOp, GetVariadicOutputMinArity);
  FIELD(OrtCustomOp, GetVariadicOutputHomogeneity);
  FIELD(OrtCustomOp, CreateKernelV2);
  FIELD(OrtCustomOp, KernelComputeV2);
  FIELD(OrtCustomOp, InferOutputShapeFn);
  FIELD(OrtCustomOp, GetStartVersion);
  FIELD(OrtCustomOp, GetEndVersion);
  FIELD(OrtCustomOp, GetMayInplace);
  FIELD(OrtCustomOp, ReleaseMayInplace);
  FIELD(OrtCustomOp, GetAliasMap);
  FIELD(OrtCustomOp, ReleaseAliasMap);
}
