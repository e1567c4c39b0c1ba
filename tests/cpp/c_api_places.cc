// Writes where OrtApi and OrtApiBase have the functions that the C++ reader calls, and the values that it names.
#include <onnxruntime_c_api.h>

#include <cstddef>
#include <cstdio>

#define PLACE(name) std::printf("%s %zu\n", #name, offsetof(OrtApi, name) / sizeof(void*))
#define VALUE(name) std::printf("%s %d\n", #name, static_cast<int>(name))

int main() {
  PLACE(GetErrorMessage);
  PLACE(CreateEnv);
  PLACE(CreateSession);
  PLACE(Run);
  PLACE(CreateSessionOptions);
  PLACE(SetIntraOpNumThreads);
  PLACE(CreateTensorWithDataAsOrtValue);
  PLACE(GetTensorMutableData);
  PLACE(GetDimensionsCount);
  PLACE(GetDimensions);
  PLACE(GetTensorTypeAndShape);
  PLACE(CreateCpuMemoryInfo);
  PLACE(ReleaseEnv);
  PLACE(ReleaseStatus);
  PLACE(ReleaseMemoryInfo);
  PLACE(ReleaseSession);
  PLACE(ReleaseValue);
  PLACE(ReleaseTensorTypeAndShapeInfo);
  PLACE(ReleaseSessionOptions);
  PLACE(AddSessionConfigEntry);
  PLACE(RegisterCustomOpsLibrary_V2);
  VALUE(ORT_LOGGING_LEVEL_ERROR);
  VALUE(OrtDeviceAllocator);
  VALUE(OrtMemTypeDefault);
  VALUE(ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT);
  std::printf("GetApi %zu\n", offsetof(OrtApiBase, GetApi));
}
