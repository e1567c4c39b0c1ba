// Chooses the variant of the kernel and the number of blocks for a layer, and starts the kernel.
#include "gru.h"

#include <algorithm>

#include "gru_kernel.cuh"
#include "launch.cuh"

namespace crnn_deploy {
namespace {

constexpr int kMostImageTiles = 4;

struct Device {
  int processors, shared_bytes;
  bool clusters;
};

// How the work of a layer is divided.
struct Plan {
  int warps;       // in a block
  int blocks;      // in a cluster; 1: no clusters
  int unit_tiles;  // in a block
};

int divided(int number, int by) { return (number + by - 1) / by; }

cudaError_t find_device(Device& device) {
  int id = 0, clusters = 0;
  if (cudaError_t error = cudaGetDevice(&id); error != cudaSuccess) return error;
  if (cudaError_t error = cudaDeviceGetAttribute(&clusters, cudaDevAttrClusterLaunch, id); error != cudaSuccess)
    return error;
  if (cudaError_t error = cudaDeviceGetAttribute(&device.processors, cudaDevAttrMultiProcessorCount, id);
      error != cudaSuccess)
    return error;
  device.clusters = compiled_for_clusters() && clusters != 0;
  return cudaDeviceGetAttribute(&device.shared_bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, id);
}

Plan spread(int tiles, int blocks, int most_warps) {
  int const unit_tiles = divided(tiles, blocks);
  return {std::min(unit_tiles, most_warps), blocks, unit_tiles};
}

template <class T, class Layout>
cudaError_t start(GruProblem const& problem, Plan const& plan, Device const& device, cudaStream_t stream) {
  auto const kernel = gru<T, Layout>;
  int const chunks = chunks_of<T>(problem.hidden, Layout::kResident), threads = plan.warps * kWarp;
  auto const bytes = [&](int image_tiles) {
    return SharedLayout(image_tiles, chunks, plan.unit_tiles * kTileUnits).bytes();
  };
  if (bytes(1) > device.shared_bytes) return cudaErrorInvalidConfiguration;
  int most = 1;
  while (most < kMostImageTiles && bytes(2 * most) <= device.shared_bytes) most *= 2;
  if (cudaError_t error = allow_shared_memory(kernel, bytes(most), device.shared_bytes); error != cudaSuccess)
    return error;

  // Blocks get more images only if otherwise not all blocks could run at the same time. Tensor cores that read weights
  // from the caches mostly wait for them. A second block on the same multiprocessor would not help, and would evict the
  // weights of the first from the cache, so only one block for each multiprocessor is planned for.
  constexpr bool kWaitsForWeights = sizeof(T) == sizeof(__half) && !Layout::kWhole;
  int const tiles = divided(problem.batch, kTileImages);
  int image_tiles = 1;
  for (; image_tiles < most; image_tiles *= 2) {
    int at_once = 1;
    if constexpr (!kWaitsForWeights) {
      cudaError_t const error = blocks_at_a_time(at_once, kernel, threads, bytes(image_tiles));
      if (error != cudaSuccess) return error;
    }
    if (divided(tiles, image_tiles) * plan.blocks * problem.directions <= at_once * device.processors) break;
  }
  dim3 const grid(divided(tiles, image_tiles) * plan.blocks, problem.directions);
  KernelArguments const arguments{problem, image_tiles, plan.unit_tiles};
  return launch(kernel, grid, threads, Layout::kCluster ? plan.blocks : 1, bytes(image_tiles), stream, arguments);
}

cudaError_t run_half(GruProblem const& problem, Device const& device, cudaStream_t stream) {
  constexpr int kInOneBlock = 8, kInFourBlocks = 16, kWarps = 16;
  int const tiles = divided(problem.hidden, kTileUnits);
  auto const run = [&](auto layout, Plan const& plan) {
    return start<__half, decltype(layout)>(problem, plan, device, stream);
  };
  if (problem.hidden % kLoad<__half> != 0) return run(Streamed<512, false>{}, spread(tiles, 1, kWarps));
  if (tiles <= kInOneBlock) {
    Plan const plan = spread(tiles, 1, kInOneBlock);
    switch (chunks_of<__half>(problem.hidden, 1)) {
      case 1:
        return run(InOneBlock<1>{}, plan);
      case 2:
        return run(InOneBlock<2>{}, plan);
      case 3:
        return run(InOneBlock<3>{}, plan);
      default:
        return run(InOneBlock<4>{}, plan);
    }
  }
  if (!device.clusters) return run(Streamed<512, true>{}, spread(tiles, 1, kWarps));
  if (tiles <= kInFourBlocks) return run(InFourBlocks{}, spread(tiles, 4, 4));
  return run(PartlyInEightBlocks{}, spread(tiles, 8, 8));
}

cudaError_t run_float(GruProblem const& problem, Device const& device, cudaStream_t stream) {
  constexpr int kWorthSharing = 5, kWarps = 8;
  int const tiles = divided(problem.hidden, kTileUnits);
  auto const run = [&](auto layout, Plan const& plan) {
    return start<float, decltype(layout)>(problem, plan, device, stream);
  };
  if (problem.hidden % kLoad<float> != 0) return run(Streamed<256, false>{}, spread(tiles, 1, kWarps));
  if (device.clusters && tiles >= kWorthSharing) return run(StreamedByEightBlocks{}, spread(tiles, 8, kWarps));
  return run(Streamed<256, true>{}, spread(tiles, 1, kWarps));
}

bool sound(GruProblem const& p) {
  bool const sizes = p.batch >= 0 && p.steps >= 0 && p.hidden > 0 && p.hidden <= kLargestHidden;
  bool const countable = int64_t{p.batch} * p.steps * p.directions <= INT32_MAX;
  return sizes && countable && (p.directions == 1 || (p.directions == 2 && !p.reverse));
}

}  // namespace

cudaError_t run_gru(GruProblem const& problem, cudaStream_t stream) {
  if (!sound(problem)) return cudaErrorInvalidValue;
  if (problem.batch == 0 || problem.steps == 0) return cudaSuccess;
  Device device{};
  if (cudaError_t error = find_device(device); error != cudaSuccess) return error;
  return problem.element == Element::kHalf ? run_half(problem, device, stream) : run_float(problem, device, stream);
}

}  // namespace crnn_deploy

extern "C" int crnn_deploy_gru(int half, int batch, int steps, int hidden, int directions, int reverse,
                               void const* gates, void const* recurrent, void const* bias, int const* lengths,
                               void const* initial, void* output, void* stream) {
  using namespace crnn_deploy;
  GruProblem const problem{half != 0 ? Element::kHalf : Element::kFloat,
                           batch, steps, hidden, directions, reverse != 0,
                           gates, recurrent, bias, lengths, initial, output};
  return run_gru(problem, static_cast<cudaStream_t>(stream));
}
