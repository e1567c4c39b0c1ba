// Device functions that standard C++ does not have. Tests replace this file by one that runs the threads on a CPU.
#ifndef CRNN_DEPLOY_DEVICE_CUH
#define CRNN_DEPLOY_DEVICE_CUH

#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <cstdint>

#include "bits.cuh"

namespace crnn_deploy {

__device__ inline char* dynamic_shared_memory() {
  extern __shared__ uint4 memory[];
  return reinterpret_cast<char*>(memory);
}

__device__ inline void block_barrier() { __syncthreads(); }

__device__ inline float shuffle_xor(float value, int mask) { return __shfl_xor_sync(0xffffffffu, value, mask); }

// Reads through the read-only cache. The data must not change while the kernel runs.
template <class T>
__device__ T load_constant(T const* address) {
  return __ldg(address);
}

// 1 / (1 + e^-x), with an error of at most 1e-6. If the exponential overflows, the result is 0.
__device__ inline float sigmoid(float x) { return __fdividef(1.f, 1.f + __expf(-x)); }

// sum[16, 8] += a[16, 16] · b[16, 8] in FP16 with FP32 sums. The elements are distributed over the threads of a warp as
// PTX specifies for mma.m16n8k16.
__device__ inline void multiply_add(float (&sum)[4], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t b0,
                                    uint32_t b1) {
#if __CUDA_ARCH__ >= 800
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
      : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
#else  // Turing has k = 8 only, so it takes two instructions
  asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};"
      : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
      : "r"(a0), "r"(a1), "r"(b0));
  asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5}, {%6}, {%0,%1,%2,%3};"
      : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
      : "r"(a2), "r"(a3), "r"(b1));
#endif
}

// Thread block clusters exist since compute capability 9.0. On older devices, kernels are launched without them.
__device__ inline int cluster_rank() {
#if __CUDA_ARCH__ >= 900
  uint32_t rank;
  asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
  return static_cast<int>(rank);
#else
  return 0;
#endif
}

__device__ inline int cluster_blocks() {
#if __CUDA_ARCH__ >= 900
  uint32_t blocks;
  asm volatile("mov.u32 %0, %%cluster_nctarank;" : "=r"(blocks));
  return static_cast<int>(blocks);
#else
  return 1;
#endif
}

// Waits for all threads of the cluster. Then what blocks stored in each other's shared memory can be read.
__device__ inline void cluster_barrier() {
#if __CUDA_ARCH__ >= 900
  asm volatile("barrier.cluster.arrive.release.aligned;\nbarrier.cluster.wait.acquire.aligned;" ::: "memory");
#endif
}

// Stores 4 or 8 bytes in the shared memory of block `rank` of the cluster, where `address` is in this block's memory.
template <class T>
__device__ void store_remote(T* address, int rank, T value) {
#if __CUDA_ARCH__ >= 900
  uint32_t const local = static_cast<uint32_t>(__cvta_generic_to_shared(address));
  uint32_t remote;
  asm volatile("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(remote) : "r"(local), "r"(rank));
  if constexpr (sizeof(T) == 4) {
    asm volatile("st.shared::cluster.u32 [%0], %1;" ::"r"(remote), "r"(bits_as<uint32_t>(value)) : "memory");
  } else {
    static_assert(sizeof(T) == 8);
    uint2 const words = bits_as<uint2>(value);
    asm volatile("st.shared::cluster.v2.u32 [%0], {%1, %2};" ::"r"(remote), "r"(words.x), "r"(words.y) : "memory");
  }
#else
  (void)rank;
  *address = value;
#endif
}

}  // namespace crnn_deploy

#endif
