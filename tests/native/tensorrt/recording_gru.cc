// Replaces the kernels and records the arguments that the plugin passes to them.
#include "gru.h"

namespace {
crnn_deploy::GruProblem last;
cudaStream_t last_stream;
}  // namespace

namespace crnn_deploy {

cudaError_t run_gru(GruProblem const& problem, cudaStream_t stream) {
  last = problem;
  last_stream = stream;
  return cudaSuccess;
}

}  // namespace crnn_deploy

// Sizes and flags, then pointers.
extern "C" __attribute__((visibility("default"))) void recorded(int* numbers, void const** pointers) {
  int const all[] = {last.element == crnn_deploy::Element::kHalf, last.batch, last.steps, last.hidden,
                     last.directions, last.reverse};
  for (int i = 0; i < 6; ++i) numbers[i] = all[i];
  void const* const addresses[] = {last.gates,   last.recurrent, last.bias,  last.lengths,
                                   last.initial, last.output,    last_stream};
  for (int i = 0; i < 7; ++i) pointers[i] = addresses[i];
}
