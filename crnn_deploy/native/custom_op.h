// Tells ONNX Runtime of an op that a class implements.
#pragma once

#include "ort.h"

namespace crnn_deploy {

template <class Op>
struct Kernel {
  const OrtApi* api;
  Op op;
};

// `Op` must provide
//   kName, kInputs, kOutputs          its name, and how many inputs and outputs it has at most
//   input_type(i), output_type(i), is_optional(i)    of which types they are, and which inputs may be absent
//   Op(node)                          of a node; throws InvalidModel if it cannot run it
//   compute(run) const                one run; the same
template <class Op>
OrtCustomOp custom_op() {
  OrtCustomOp op{};
  op.version = ort::kApiVersion;
  op.GetName = [](const OrtCustomOp*) { return Op::kName; };
  op.GetExecutionProviderType = [](const OrtCustomOp*) -> const char* { return nullptr; };  // null is the CPU
  op.GetInputTypeCount = [](const OrtCustomOp*) -> size_t { return Op::kInputs; };
  op.GetInputType = [](const OrtCustomOp*, size_t index) { return Op::input_type(index); };
  op.GetInputCharacteristic = [](const OrtCustomOp*, size_t index) {
    return Op::is_optional(index) ? ort::kOptional : ort::kRequired;
  };
  op.GetInputMemoryType = [](const OrtCustomOp*, size_t) { return ort::kDefaultMemory; };
  op.GetOutputTypeCount = [](const OrtCustomOp*) -> size_t { return Op::kOutputs; };
  op.GetOutputType = [](const OrtCustomOp*, size_t index) { return Op::output_type(index); };
  op.GetOutputCharacteristic = [](const OrtCustomOp*, size_t) { return ort::kOptional; };
  op.GetVariadicInputMinArity = op.GetVariadicOutputMinArity = [](const OrtCustomOp*) { return 1; };
  op.GetVariadicInputHomogeneity = op.GetVariadicOutputHomogeneity = [](const OrtCustomOp*) { return 1; };
  op.GetStartVersion = [](const OrtCustomOp*) { return 1; };
  op.GetEndVersion = [](const OrtCustomOp*) { return 1; };
  op.CreateKernelV2 = [](const OrtCustomOp*, const OrtApi* api, const OrtKernelInfo* info, void** kernel) {
    return ort::as_status(api, [&] { *kernel = new Kernel<Op>{api, Op(ort::NodeInfo(api, info))}; });
  };
  op.KernelComputeV2 = [](void* kernel, OrtKernelContext* context) {
    const Kernel<Op>& own = *static_cast<const Kernel<Op>*>(kernel);
    return ort::as_status(own.api, [&] { own.op.compute(ort::Run(own.api, context)); });
  };
  op.KernelDestroy = [](void* kernel) { delete static_cast<Kernel<Op>*>(kernel); };
  return op;
}

}  // namespace crnn_deploy
