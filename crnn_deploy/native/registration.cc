// Where ONNX Runtime and Python enter the library.
#include "convolution_op.h"
#include "export.h"
#include "kernels.h"
#include "ort.h"
#include "recurrent_ops.h"

namespace crnn_deploy {
namespace {

// The ops exist until the process ends, because sessions keep pointers to them.
OrtCustomOpDomain* make_domain(const OrtApi* api, bool with_convolutions) {
  static const OrtCustomOp ops[] = {recurrent_op(Cell::kGru), recurrent_op(Cell::kLstm), linear_op(Cell::kGru),
                                    linear_op(Cell::kLstm)};
  static const OrtCustomOp convolutions[] = {convolution_op(false), convolution_op(true), pool_op()};
  OrtCustomOpDomain* domain = nullptr;
  ort::check(ort::CreateCustomOpDomain::call(api, "crnn_deploy", &domain));
  for (const OrtCustomOp& op : ops) ort::check(ort::CustomOpDomainAdd::call(api, domain, &op));
  if (with_convolutions)
    for (const OrtCustomOp& op : convolutions) ort::check(ort::CustomOpDomainAdd::call(api, domain, &op));
  return domain;
}

// The ops that have kernels on this level. Tests change the level within a process, so there are two domains.
OrtCustomOpDomain* domain_of(const OrtApi* api, const Kernels& kernels) {
  if (kernels.multiply_pieces) {
    static OrtCustomOpDomain* const domain = make_domain(api, true);
    return domain;
  }
  static OrtCustomOpDomain* const domain = make_domain(api, false);
  return domain;
}

}  // namespace
}  // namespace crnn_deploy

// ONNX Runtime calls this when the library is registered with a session's options.
CRNN_DEPLOY_EXPORT OrtStatus* RegisterCustomOps(OrtSessionOptions* options, const OrtApiBase* base) {
  using namespace crnn_deploy;
  const OrtApi* api = base->GetApi(ort::kApiVersion);
  if (!api) return nullptr;  // older than ONNX Runtime 1.20; it runs the functions in the model file
  return ort::as_status(api, [&] {
    const Kernels* const usable = kernels();
    if (!usable) return;  // on this processor the functions in the model file are faster
    ort::check(ort::AddCustomOpDomain::call(api, options, domain_of(api, *usable)));
  });
}

// Name of the kernels in use, or "none". Null if CRNN_DEPLOY_KERNELS names kernels that are not available.
CRNN_DEPLOY_EXPORT const char* crnn_deploy_kernel_level() {
  try {
    const crnn_deploy::Kernels* kernels = crnn_deploy::kernels();
    return kernels ? kernels->name : "none";
  } catch (const std::exception&) {
    return nullptr;
  }
}

// The levels that this build has, for those who distribute it; see kernels.h.
CRNN_DEPLOY_EXPORT const char* crnn_deploy_built_levels() { return crnn_deploy::built_levels(); }
