#include "crnn_reader.h"

#include <onnxruntime_c_api.h>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>

#include "decode.h"
#include "model_spec.h"
#include "network_input.h"

#ifndef _WIN32
#include <dlfcn.h>
#endif

namespace crnn {
namespace {

using std::size_t;

constexpr std::uint32_t kApiVersion = 20;  // of ONNX Runtime 1.20
constexpr size_t kBatch = 32;              // images of one width that run at once, at most
#ifdef __APPLE__
constexpr const char* kKernels = "libcrnn_deploy_ops.dylib";
#else
constexpr const char* kKernels = "libcrnn_deploy_ops.so";
#endif

const OrtApi& ort() {
  static const OrtApi* api = OrtGetApiBase()->GetApi(kApiVersion);
  if (api == nullptr) throw std::runtime_error("ONNX Runtime 1.20 or newer is needed");
  return *api;
}

void check(OrtStatus* status) {
  if (status == nullptr) return;
  const std::string message = ort().GetErrorMessage(status);
  ort().ReleaseStatus(status);
  throw std::runtime_error(message);
}

// An object of ONNX Runtime that `make` creates and `release` frees.
template <class T>
using Owned = std::unique_ptr<T, void (*)(T*)>;

template <class T, class Make>
Owned<T> owned(void (*release)(T*), Make make) {
  T* made = nullptr;
  check(make(&made));
  return {made, release};
}

// Registers the kernels where they are, and are faster than FP32. Returns their name.
std::string register_kernels(OrtSessionOptions* options, const std::filesystem::path& library) {
#ifdef _WIN32
  (void)options, (void)library;  // Microsoft's compiler builds none that are faster
#else
  void* loaded = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (loaded == nullptr) return "";  // absent, or of another system: the model runs without them
  const auto level = reinterpret_cast<const char* (*)()>(dlsym(loaded, "crnn_deploy_kernel_level"));
  const char* name = level == nullptr ? nullptr : level();
  if (name != nullptr && name != std::string("none")) {
    check(ort().RegisterCustomOpsLibrary_V2(options, library.c_str()));
    return name;
  }
#endif
  return "";
}

}  // namespace

class Reader::Network {
 public:
  Network(const std::filesystem::path& folder, int threads)
      : spec(model_spec()),
        env_(owned<OrtEnv>(ort().ReleaseEnv,
                           [](OrtEnv** made) { return ort().CreateEnv(ORT_LOGGING_LEVEL_ERROR, "crnn", made); })),
        memory_(owned<OrtMemoryInfo>(ort().ReleaseMemoryInfo,
                                     [](OrtMemoryInfo** made) {
                                       return ort().CreateCpuMemoryInfo(OrtDeviceAllocator, OrtMemTypeDefault, made);
                                     })),
        session_(nullptr, ort().ReleaseSession) {
    const auto options = owned<OrtSessionOptions>(ort().ReleaseSessionOptions, ort().CreateSessionOptions);
    check(ort().SetIntraOpNumThreads(options.get(), threads));
    check(ort().AddSessionConfigEntry(options.get(), "session.force_spinning_stop", "1"));
    kernels = register_kernels(options.get(), std::filesystem::absolute(folder) / kKernels);
    session_ = owned<OrtSession>(ort().ReleaseSession, [&](OrtSession** made) {
      return ort().CreateSession(env_.get(), (folder / "model.onnx").c_str(), options.get(), made);
    });
  }

  // The readings of inputs of one width, as many as the graph takes at once.
  std::vector<Reading> run(const std::vector<const NetworkInput*>& inputs) const {
    const size_t count = spec.batch == 0 ? inputs.size() : spec.batch;
    const NetworkInput& last = *inputs.back();
    std::vector<float> values;
    values.reserve(count * last.values.size());
    for (size_t n = 0; n < count; ++n) {
      const std::vector<float>& next = n < inputs.size() ? inputs[n]->values : last.values;
      values.insert(values.end(), next.begin(), next.end());
    }
    const std::int64_t channels = spec.channels == Channels::kGrey ? 1 : 3;
    const std::int64_t shape[] = {static_cast<std::int64_t>(count), channels, spec.height, last.width};
    const auto images = owned<OrtValue>(ort().ReleaseValue, [&](OrtValue** made) {
      return ort().CreateTensorWithDataAsOrtValue(memory_.get(), values.data(), values.size() * sizeof(float), shape, 4,
                                                  ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, made);
    });
    const OrtValue* given = images.get();
    const auto output = owned<OrtValue>(ort().ReleaseValue, [&](OrtValue** made) {
      return ort().Run(session_.get(), nullptr, &spec.input, &given, 1, &spec.output, 1, made);
    });
    return decoded(output.get(), count, inputs.size());
  }

  const Spec spec;
  std::string kernels;

 private:
  // Of the output for `count` images, the readings of the first ones.
  std::vector<Reading> decoded(OrtValue* output, size_t count, size_t wanted) const {
    const std::vector<size_t> shape = shape_of(output);
    const size_t axes = spec.classifies ? 2 : 3, classes = spec.texts.size();
    if (shape.size() != axes || shape.back() != classes || shape[spec.time_first ? 1 : 0] != count) {
      throw std::runtime_error("the output of the model is not that of the spec");
    }
    const size_t frames = spec.classifies ? 1 : shape[spec.time_first ? 0 : 1];
    const size_t image = spec.time_first ? classes : frames * classes;  // from one image to the next
    const size_t step = spec.time_first ? count * classes : classes;    // from one frame to the next
    void* data = nullptr;
    check(ort().GetTensorMutableData(output, &data));
    std::vector<Reading> readings;
    for (size_t n = 0; n < wanted; ++n) {
      readings.push_back(decode({static_cast<const float*>(data) + n * image, frames, classes, step}, spec));
    }
    return readings;
  }

  static std::vector<size_t> shape_of(const OrtValue* value) {
    const auto info = owned<OrtTensorTypeAndShapeInfo>(
        ort().ReleaseTensorTypeAndShapeInfo,
        [&](OrtTensorTypeAndShapeInfo** made) { return ort().GetTensorTypeAndShape(value, made); });
    size_t axes = 0;
    check(ort().GetDimensionsCount(info.get(), &axes));
    std::vector<std::int64_t> sizes(axes);
    check(ort().GetDimensions(info.get(), sizes.data(), axes));
    return {sizes.begin(), sizes.end()};
  }

  Owned<OrtEnv> env_;
  Owned<OrtMemoryInfo> memory_;
  Owned<OrtSession> session_;
};

Reader::Reader(const std::filesystem::path& folder, int threads)
    : network_(std::make_unique<const Network>(folder, threads)) {}

Reader::~Reader() = default;

const std::string& Reader::kernels() const { return network_->kernels; }

Reading Reader::read(const Image& image) const { return read(std::vector<Image>{image})[0]; }

std::vector<Reading> Reader::read(const std::vector<Image>& images) const {
  std::vector<NetworkInput> inputs;
  std::map<int, std::vector<size_t>> by_width;
  for (const Image& image : images) {
    inputs.push_back(network_input(image, network_->spec));
    by_width[inputs.back().width].push_back(inputs.size() - 1);
  }
  std::vector<Reading> readings(images.size());
  const size_t most = network_->spec.batch == 0 ? kBatch : network_->spec.batch;
  for (const auto& [width, alike] : by_width) {
    for (size_t at = 0; at < alike.size(); at += most) {
      std::vector<const NetworkInput*> batch;
      for (size_t i = at; i < std::min(at + most, alike.size()); ++i) batch.push_back(&inputs[alike[i]]);
      std::vector<Reading> read = network_->run(batch);
      for (size_t i = 0; i < batch.size(); ++i) readings[alike[at + i]] = std::move(read[i]);
    }
  }
  return readings;
}

}  // namespace crnn
