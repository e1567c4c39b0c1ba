// Runs the plugin's kernels on a CPU, to test their arithmetic, their indices and their barriers without a GPU.
//
// Included before the kernels' sources, instead of device.cuh and launch.cuh. Each CUDA thread is a coroutine that runs
// until it reaches a barrier. The order of threads is random and changes at each barrier, so a result that depends on the
// order shows a race. Shared memory is filled with NaNs and lies between red zones, which must not change. The blocks of a
// cluster run together; clusters run one after another.
#pragma once

#define CRNN_DEPLOY_DEVICE_CUH
#define CRNN_DEPLOY_LAUNCH_CUH

#include <cuda_fp16.h>
#include <cuda_runtime_api.h>
#include <ucontext.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <vector>

#undef __launch_bounds__
#undef __grid_constant__
#define __launch_bounds__(...)
#define __grid_constant__

namespace emulator {

struct Properties {
  int major = 9, processors = 132, shared_bytes = 227 << 10, blocks_at_a_time = 1;
  unsigned seed = 0;
};
inline Properties properties;

[[noreturn]] inline void fail(char const* what) {
  std::fprintf(stderr, "CUDA emulator: %s\n", what);
  std::abort();
}

// Threads that wait for each other.
struct Group {
  int size, arrived = 0;
  std::vector<struct Thread*> waiting;
};

// Values that the lanes of a warp exchange. Two sets are used in turn, so that each exchange needs only one barrier.
struct Warp {
  Group group{32};
  float shuffled[2][32];
  float a[2][32][8], b[2][32][4];
};

constexpr size_t kRedZone = 256;
constexpr unsigned char kRed = 0xfe, kUnset = 0xff;  // all bits set: NaN in FP16 and FP32

struct Block {
  int rank, index_x, index_y;
  std::vector<unsigned char> memory;
  char* shared;
  std::vector<std::unique_ptr<Warp>> warps;
  Group group;

  Block(int rank, int x, int y, int threads, size_t bytes)
      : rank(rank), index_x(x), index_y(y), memory(bytes + 2 * kRedZone + 16, kUnset), group{threads} {
    size_t const misaligned = (reinterpret_cast<uintptr_t>(memory.data()) + kRedZone) % 16;
    shared = reinterpret_cast<char*>(memory.data()) + kRedZone + (16 - misaligned) % 16;
    std::memset(memory.data(), kRed, static_cast<size_t>(shared - reinterpret_cast<char*>(memory.data())));
    std::memset(shared + bytes, kRed, kRedZone);
    for (int i = 0; i < threads / 32; ++i) warps.push_back(std::make_unique<Warp>());
    bytes_ = bytes;
  }

  void check_red_zones() const {
    for (size_t i = 0; i < kRedZone; ++i) {
      bool const before = static_cast<unsigned char>(shared[-1 - static_cast<long>(i)]) == kRed;
      bool const behind = static_cast<unsigned char>(shared[bytes_ + i]) == kRed;
      if (!before || !behind) fail("a write outside shared memory");
    }
  }

 private:
  size_t bytes_;
};

struct Thread {
  Block* block;
  int index;
  int collectives = 0;
  bool done = false;
  ucontext_t context;
  std::unique_ptr<char[]> stack;

  Warp& warp() const { return *block->warps[static_cast<size_t>(index / 32)]; }
  int lane() const { return index % 32; }
};

class Cluster {
 public:
  Cluster(int blocks, int first_x, int y, int threads, size_t shared_bytes, std::function<void()> body)
      : group_{blocks * threads}, random_(properties.seed + static_cast<unsigned>(first_x * 2 + y)), body_(std::move(body)) {
    for (int rank = 0; rank < blocks; ++rank) {
      blocks_.push_back(std::make_unique<Block>(rank, first_x + rank, y, threads, shared_bytes));
      for (int index = 0; index < threads; ++index) add_thread(blocks_.back().get(), index);
    }
  }

  void run() {
    running = this;
    for (auto& thread : threads_) ready_.push_back(thread.get());
    size_t left = threads_.size();
    while (!ready_.empty()) {
      std::swap(ready_[random_() % ready_.size()], ready_.back());
      current = ready_.back();
      ready_.pop_back();
      swapcontext(&scheduler_, &current->context);
      left -= current->done;
    }
    if (left != 0) fail("threads wait at a barrier that others never reach");
    for (auto const& block : blocks_) block->check_red_zones();
  }

  // The current thread waits until all threads of `group` have reached this point.
  void wait(Group& group) {
    group.waiting.push_back(current);
    if (++group.arrived == group.size) {
      ready_.insert(ready_.end(), group.waiting.begin(), group.waiting.end());
      group.waiting.clear();
      group.arrived = 0;
    }
    swapcontext(&current->context, &scheduler_);
  }

  Group& group() { return group_; }
  Block& block(int rank) { return *blocks_[static_cast<size_t>(rank)]; }
  int size() const { return static_cast<int>(blocks_.size()); }

  static inline Cluster* running = nullptr;
  static inline Thread* current = nullptr;

 private:
  static constexpr size_t kStack = 64 << 10;

  static void start() {
    running->body_();
    current->done = true;
  }

  void add_thread(Block* block, int index) {
    auto thread = std::make_unique<Thread>();
    thread->block = block;
    thread->index = index;
    thread->stack.reset(new char[kStack]);
    getcontext(&thread->context);
    thread->context.uc_stack.ss_sp = thread->stack.get();
    thread->context.uc_stack.ss_size = kStack;
    thread->context.uc_link = &scheduler_;
    makecontext(&thread->context, &Cluster::start, 0);
    threads_.push_back(std::move(thread));
  }

  Group group_;
  std::mt19937 random_;
  std::function<void()> body_;
  std::vector<std::unique_ptr<Block>> blocks_;
  std::vector<std::unique_ptr<Thread>> threads_;
  std::vector<Thread*> ready_;
  ucontext_t scheduler_;
};

inline Thread& current() { return *Cluster::current; }
inline int block_threads = 0;

}  // namespace emulator

struct EmulatedIndex {
  int x, y;
};
#define threadIdx (EmulatedIndex{emulator::current().index, 0})
#define blockIdx (EmulatedIndex{emulator::current().block->index_x, emulator::current().block->index_y})
#define blockDim (EmulatedIndex{emulator::block_threads, 1})

namespace crnn_deploy {

inline char* dynamic_shared_memory() { return emulator::current().block->shared; }
inline void block_barrier() { emulator::Cluster::running->wait(emulator::current().block->group); }
inline void cluster_barrier() { emulator::Cluster::running->wait(emulator::Cluster::running->group()); }
inline int cluster_rank() { return emulator::current().block->rank; }
inline int cluster_blocks() { return emulator::Cluster::running->size(); }
inline float sigmoid(float x) { return 1.f / (1.f + std::exp(-x)); }

template <class T>
T load_constant(T const* address) {
  if (reinterpret_cast<uintptr_t>(address) % sizeof(T) != 0) emulator::fail("a load that is not aligned");
  return *address;
}

template <class T>
void store_remote(T* address, int rank, T value) {
  auto const offset = reinterpret_cast<char*>(address) - dynamic_shared_memory();
  std::memcpy(emulator::Cluster::running->block(rank).shared + offset, &value, sizeof value);
}

inline float shuffle_xor(float value, int mask) {
  emulator::Thread& thread = emulator::current();
  emulator::Warp& warp = thread.warp();
  auto& shown = warp.shuffled[thread.collectives++ % 2];
  shown[thread.lane()] = value;
  emulator::Cluster::running->wait(warp.group);
  return shown[thread.lane() ^ mask];
}

inline void unpack(uint32_t word, float* values) {
  __half2 halves;
  std::memcpy(static_cast<void*>(&halves), &word, sizeof word);
  values[0] = __half2float(halves.x);
  values[1] = __half2float(halves.y);
}

// With the layout of fragments that the PTX manual specifies for mma.m16n8k16.
inline void multiply_add(float (&sum)[4], uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, uint32_t b0, uint32_t b1) {
  emulator::Thread& thread = emulator::current();
  emulator::Warp& warp = thread.warp();
  int const turn = thread.collectives++ % 2, lane = thread.lane();
  uint32_t const a[] = {a0, a1, a2, a3}, b[] = {b0, b1};
  for (int i = 0; i < 4; ++i) unpack(a[i], &warp.a[turn][lane][2 * i]);
  for (int i = 0; i < 2; ++i) unpack(b[i], &warp.b[turn][lane][2 * i]);
  emulator::Cluster::running->wait(warp.group);
  for (int i = 0; i < 4; ++i) {
    int const row = lane / 4, below = i / 2, column = lane % 4 * 2 + i % 2;
    for (int k = 0; k < 16; ++k) {
      int const right = k / 8, thread_of_k = k % 8 / 2;
      float const left_factor = warp.a[turn][row * 4 + thread_of_k][(right * 2 + below) * 2 + k % 2];
      sum[i] += left_factor * warp.b[turn][column * 4 + thread_of_k][right * 2 + k % 2];
    }
  }
}

constexpr bool compiled_for_clusters() { return true; }

template <class Kernel>
cudaError_t allow_shared_memory(Kernel, int, int) {
  return cudaSuccess;
}

template <class Kernel>
cudaError_t blocks_at_a_time(int& blocks, Kernel, int, int) {
  blocks = emulator::properties.blocks_at_a_time;
  return cudaSuccess;
}

template <class Arguments>
cudaError_t launch(void (*kernel)(Arguments), dim3 grid, int threads, int cluster, int shared_bytes, cudaStream_t,
                   Arguments const& arguments) {
  if (shared_bytes > emulator::properties.shared_bytes || threads % 32 != 0 || grid.x % static_cast<unsigned>(cluster) != 0)
    return cudaErrorInvalidConfiguration;
  emulator::block_threads = threads;
  for (unsigned y = 0; y < grid.y; ++y)
    for (unsigned x = 0; x < grid.x; x += static_cast<unsigned>(cluster))
      emulator::Cluster(cluster, static_cast<int>(x), static_cast<int>(y), threads, static_cast<size_t>(shared_bytes),
                        [&] { kernel(arguments); })
          .run();
  return cudaSuccess;
}

}  // namespace crnn_deploy

// The parts of the CUDA runtime that choose a variant.
extern "C" inline cudaError_t cudaGetDevice(int* device) {
  *device = 0;
  return cudaSuccess;
}

extern "C" inline cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
  auto const& properties = emulator::properties;
  *value = attribute == cudaDevAttrClusterLaunch            ? properties.major >= 9
           : attribute == cudaDevAttrMultiProcessorCount ? properties.processors
                                                             : properties.shared_bytes;
  return cudaSuccess;
}

extern "C" inline void emulate(int major, int processors, int shared_bytes, int blocks_at_a_time, unsigned seed) {
  emulator::properties = {major, processors, shared_bytes, blocks_at_a_time, seed};
}
