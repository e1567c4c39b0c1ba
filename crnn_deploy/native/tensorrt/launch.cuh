// Starts kernels. Tests replace this file by one that runs the threads on a CPU.
#ifndef CRNN_DEPLOY_LAUNCH_CUH
#define CRNN_DEPLOY_LAUNCH_CUH

#include <cuda_runtime.h>

#include <initializer_list>

namespace crnn_deploy {

constexpr int kDefaultSharedBytes = 48 << 10;

// Whether this library contains code for clusters. If not, devices with clusters run code that is compiled from its PTX
// for an older architecture, which has none.
constexpr bool compiled_for_clusters() {
  for (int const architecture : {__CUDA_ARCH_LIST__})
    if (architecture >= 900) return true;
  return false;
}

// Raises the kernel's limit to all that the device has. A limit for this layer alone could be lowered by another thread
// with a smaller layer before this kernel is launched.
template <class Kernel>
cudaError_t allow_shared_memory(Kernel kernel, int bytes, int most) {
  if (bytes <= kDefaultSharedBytes) return cudaSuccess;
  return cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, most);
}

// How many blocks run on one multiprocessor at the same time.
template <class Kernel>
cudaError_t blocks_at_a_time(int& blocks, Kernel kernel, int threads, int shared_bytes) {
  return cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, kernel, threads, shared_bytes);
}

template <class Arguments>
cudaError_t launch(void (*kernel)(Arguments), dim3 grid, int threads, int cluster, int shared_bytes,
                   cudaStream_t stream, Arguments const& arguments) {
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = dim3(static_cast<unsigned>(threads));
  config.dynamicSmemBytes = static_cast<size_t>(shared_bytes);
  config.stream = stream;
  cudaLaunchAttribute attribute{};
  if (cluster > 1) {
    attribute.id = cudaLaunchAttributeClusterDimension;
    attribute.val.clusterDim.x = static_cast<unsigned>(cluster);
    attribute.val.clusterDim.y = attribute.val.clusterDim.z = 1;
    config.attrs = &attribute;
    config.numAttrs = 1;
  }
  return cudaLaunchKernelEx(&config, kernel, arguments);
}

}  // namespace crnn_deploy

#endif
