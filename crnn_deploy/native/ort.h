// C++ classes over ONNX Runtime's C interface. Inside the library, errors are exceptions; functions that ONNX Runtime
// calls return a status instead.
#pragma once

#include <exception>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "onnxruntime_abi.h"

namespace crnn_deploy::ort {

using Shape = std::vector<int64_t>;

// The model or its inputs are wrong. ONNX Runtime shows the message to the user.
struct InvalidModel : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// An error that ONNX Runtime reported. Its status is returned to ONNX Runtime unchanged.
struct Failure {
  OrtStatus* status;
};

inline void check(OrtStatus* status) {
  if (status) throw Failure{status};
}

// Runs `work` and turns exceptions into a status, because none may reach ONNX Runtime.
template <class Work>
OrtStatus* as_status(const OrtApi* api, Work work) noexcept {
  try {
    work();
    return nullptr;
  } catch (const Failure& failure) {
    return failure.status;
  } catch (const InvalidModel& error) {
    return CreateStatus::call(api, kInvalidArgument, error.what());
  } catch (const std::exception& error) {
    return CreateStatus::call(api, kFail, error.what());
  }
}

inline std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (size_t axis = 0; axis < shape.size(); ++axis) text += (axis ? ", " : "") + std::to_string(shape[axis]);
  return text + "]";
}

// A tensor that ONNX Runtime owns. It is empty if an optional input is absent.
class Tensor {
 public:
  Tensor() = default;
  Tensor(const OrtApi* api, const OrtValue* value);

  explicit operator bool() const { return present_; }
  const Shape& shape() const { return shape_; }
  template <class T>
  const T* data() const {
    return static_cast<const T*>(data_);
  }
  // Throws InvalidModel if the tensor has another shape, or if one of its sizes is zero.
  void require(const char* name, const Shape& expected) const;

 private:
  bool present_ = false;
  void* data_ = nullptr;  // may also be null if a size is zero
  Shape shape_;
};

// Attributes and constant inputs of a node, which are available when its kernel is created.
class NodeInfo {
 public:
  NodeInfo(const OrtApi* api, const OrtKernelInfo* info) : api_(api), info_(info) {}
  int64_t integer(const char* name) const;
  std::vector<int64_t> integers(const char* name) const;
  std::string text(const char* name) const;
  size_t input_count() const;
  Tensor constant_input(size_t index) const;  // empty if the input is not constant, or absent
  // Empty if the input is absent. Throws InvalidModel if it is not constant.
  Tensor optional_constant(const char* name, size_t index) const;

 private:
  const OrtApi* api_;
  const OrtKernelInfo* info_;
};

// Inputs, outputs and threads of one run.
class Run {
 public:
  Run(const OrtApi* api, OrtKernelContext* context) : api_(api), context_(context) {}
  bool has_input(size_t index) const { return value(index); }
  Tensor input(size_t index) const { return {api_, value(index)}; }
  // Null if the output is not used.
  template <class T>
  T* output(size_t index, const Shape& shape) const {
    return static_cast<T*>(output_data(index, shape));
  }

  // Calls `work(0)` … `work(count - 1)`, on several threads if the session has them. Rethrows the first exception.
  template <class Work>
  void parallel(size_t count, const Work& work) const {
    struct Job {
      const Work& work;
      std::once_flag once;
      std::exception_ptr error;
    } job{work, {}, nullptr};
    const auto one = [](void* data, size_t index) noexcept {
      Job& job = *static_cast<Job*>(data);
      try {
        job.work(index);
      } catch (...) {  // none may reach ONNX Runtime's threads
        std::call_once(job.once, [&job] { job.error = std::current_exception(); });
      }
    };
    check(ParallelFor::call(api_, context_, one, count, 0, &job));
    if (job.error) std::rethrow_exception(job.error);
  }

 private:
  void* output_data(size_t index, const Shape& shape) const;
  const OrtValue* value(size_t index) const;  // of an input; null if it is absent

  const OrtApi* api_;
  OrtKernelContext* context_;
};

}  // namespace crnn_deploy::ort
