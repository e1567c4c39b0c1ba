// The part of ONNX Runtime's C interface that crnn_reader.cc calls, for machines that have the library without its
// headers, as the Python package has it. CMake takes ONNX Runtime's own header where there is one.
//
// `OrtApi` is a table of function pointers to which new versions only append, so these places are right for ONNX
// Runtime 1.20 and later. The names are those of ONNX Runtime.
#pragma once

#include <cstddef>
#include <cstdint>

#ifdef _WIN32
#define ORTCHAR_T wchar_t
#else
#define ORTCHAR_T char
#endif

struct OrtEnv;
struct OrtStatus;
struct OrtValue;
struct OrtSession;
struct OrtMemoryInfo;
struct OrtRunOptions;
struct OrtSessionOptions;
struct OrtTensorTypeAndShapeInfo;

enum OrtLoggingLevel { ORT_LOGGING_LEVEL_ERROR = 3 };
enum OrtAllocatorType { OrtDeviceAllocator = 0 };
enum OrtMemType { OrtMemTypeDefault = 0 };
enum ONNXTensorElementDataType { ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT = 1 };

struct OrtApi {
  void* before_2[2];
  const char* (*GetErrorMessage)(const OrtStatus* status);
  OrtStatus* (*CreateEnv)(OrtLoggingLevel level, const char* name, OrtEnv** env);
  void* before_7[3];
  OrtStatus* (*CreateSession)(const OrtEnv* env, const ORTCHAR_T* model, const OrtSessionOptions* options,
                              OrtSession** session);
  void* before_9[1];
  OrtStatus* (*Run)(OrtSession* session, const OrtRunOptions* options, const char* const* input_names,
                    const OrtValue* const* inputs, size_t input_count, const char* const* output_names,
                    size_t output_count, OrtValue** outputs);
  OrtStatus* (*CreateSessionOptions)(OrtSessionOptions** options);
  void* before_24[13];
  OrtStatus* (*SetIntraOpNumThreads)(OrtSessionOptions* options, int threads);
  void* before_49[24];
  OrtStatus* (*CreateTensorWithDataAsOrtValue)(const OrtMemoryInfo* memory, void* data, size_t bytes,
                                               const int64_t* shape, size_t axes, ONNXTensorElementDataType type,
                                               OrtValue** value);
  void* before_51[1];
  OrtStatus* (*GetTensorMutableData)(OrtValue* value, void** data);
  void* before_61[9];
  OrtStatus* (*GetDimensionsCount)(const OrtTensorTypeAndShapeInfo* info, size_t* count);
  OrtStatus* (*GetDimensions)(const OrtTensorTypeAndShapeInfo* info, int64_t* sizes, size_t count);
  void* before_65[2];
  OrtStatus* (*GetTensorTypeAndShape)(const OrtValue* value, OrtTensorTypeAndShapeInfo** info);
  void* before_69[3];
  OrtStatus* (*CreateCpuMemoryInfo)(OrtAllocatorType allocator, OrtMemType type, OrtMemoryInfo** memory);
  void* before_92[22];
  void (*ReleaseEnv)(OrtEnv* env);
  void (*ReleaseStatus)(OrtStatus* status);
  void (*ReleaseMemoryInfo)(OrtMemoryInfo* memory);
  void (*ReleaseSession)(OrtSession* session);
  void (*ReleaseValue)(OrtValue* value);
  void* before_99[2];
  void (*ReleaseTensorTypeAndShapeInfo)(OrtTensorTypeAndShapeInfo* info);
  void (*ReleaseSessionOptions)(OrtSessionOptions* options);
  void* before_130[29];
  OrtStatus* (*AddSessionConfigEntry)(OrtSessionOptions* options, const char* key, const char* value);
  void* before_228[97];
  OrtStatus* (*RegisterCustomOpsLibrary_V2)(OrtSessionOptions* options, const ORTCHAR_T* library);
};

struct OrtApiBase {
  const OrtApi* (*GetApi)(uint32_t version);
  const char* (*GetVersionString)();
};

#ifdef _WIN32
extern "C" __declspec(dllimport) const OrtApiBase* OrtGetApiBase();
#else
extern "C" const OrtApiBase* OrtGetApiBase();
#endif
