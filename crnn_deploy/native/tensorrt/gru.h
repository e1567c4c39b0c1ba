// The recurrence of a GRU layer on an NVIDIA GPU: all time steps and both directions in one kernel.
//
//     z = σ(Gz + Rz·h)    r = σ(Gr + Rr·h)    n = tanh(Gh + r·(Rh·h + b))    h' = (1 − z)·n + z·h
//
// G is the result of the input projection and includes all biases except b. Gates are in the order z, r, h, as in ONNX.
#pragma once

#include <cuda_runtime_api.h>

namespace crnn_deploy {

enum class Element { kFloat, kHalf };

// Arguments of one call. Pointers refer to device memory and are aligned to 16 bytes; tensors are dense and row-major.
struct GruProblem {
  Element element;
  int batch, steps, hidden, directions;  // 1 or 2 directions
  bool reverse;                          // whether a single direction starts at the end
  void const* gates;                     // [batch, steps, directions · 3 · hidden]
  void const* recurrent;                 // [directions, 3 · hidden, hidden]
  void const* bias;                      // [directions, hidden]
  int const* lengths;                    // [batch], or null: all steps of all images. Outputs after a length are 0
  void const* initial;                   // [directions, batch, hidden], or null: zeros
  void* output;                          // [batch, steps, directions · hidden]
};

constexpr int kLargestHidden = 1024;

// Starts the kernel on `stream` and returns. Needs no workspace and can be captured in a CUDA graph. Sums and states
// are FP32 for both types of elements; FP16 is multiplied on tensor cores.
//
// Errors: cudaErrorInvalidValue if a size is out of range; cudaErrorInvalidConfiguration if the device has too little
// shared memory (compute capability 7.5 with more than 992 units in FP16, or 656 in FP32).
cudaError_t run_gru(GruProblem const& problem, cudaStream_t stream);

}  // namespace crnn_deploy

// The same function for callers that do not use C++, such as Python's ctypes. Returns a cudaError_t.
extern "C" __attribute__((visibility("default"))) int crnn_deploy_gru(
    int half, int batch, int steps, int hidden, int directions, int reverse, void const* gates, void const* recurrent,
    void const* bias, int const* lengths, void const* initial, void* output, void* stream);
