// The kernel that computes all time steps of a GRU layer.
//
// A block computes one direction of some images; so does a cluster of blocks, which divide the units among them. Images
// are processed in tiles of 8, units in tiles of 16. States are in shared memory, in two copies: a step reads one and
// writes the other, so that it needs only one barrier. Each warp has its own tiles of units. If it has only one, the
// first `kResident` chunks of its weights (see product.cuh) stay in registers for all steps; the other weights are read
// from the caches in every step. The gates of the next tile are loaded while the current one is computed.
//
// FlashRNN (arXiv 2412.07752) and Persistent RNNs (Diamos et al., ICML 2016) explain why a recurrence is fast if its
// weights stay on the chip.
#pragma once

#include "gru.h"
#include "layout.cuh"
#include "pairs.cuh"
#include "product.cuh"

namespace crnn_deploy {

struct KernelArguments {
  GruProblem problem;
  int image_tiles;  // in a block, of 8 images each
  int unit_tiles;   // in a block, of 16 units each
};

template <class T, class Layout>
class Recurrence {
  static constexpr int kResident = Layout::kResident;
  static constexpr bool kWhole = Layout::kWhole, kCluster = Layout::kCluster, kAligned = Layout::kAligned;

 public:
  __device__ explicit Recurrence(KernelArguments const& arguments)
      : p_(arguments.problem),
        lane_(threadIdx.x),
        warp_(threadIdx.x / kWarp),
        warps_(blockDim.x / kWarp),
        unit_tiles_(arguments.unit_tiles),
        image_tiles_(arguments.image_tiles),
        rank_(kCluster ? cluster_rank() : 0),
        blocks_(kCluster ? cluster_blocks() : 1),
        direction_(blockIdx.y),
        first_image_(static_cast<int>(blockIdx.x) / blocks_ * image_tiles_ * kTileImages),
        backwards_(direction_ == 1 || p_.reverse),
        chunks_(chunks_of<T>(p_.hidden, kResident)),
        layout_(image_tiles_, chunks_, unit_tiles_ * kTileUnits),
        recurrent_(static_cast<T const*>(p_.recurrent) + int64_t{direction_} * kGates * p_.hidden * p_.hidden) {}

  __device__ void run() {
    char* const memory = dynamic_shared_memory();
    own_ = reinterpret_cast<float*>(memory + 2 * layout_.copy_bytes());
    load_states(memory);
    load_resident();
    barrier();

    Place place{0, 0, warp_};
    Gates next = load_gates(place);
    for (int step = 0; step < p_.steps; ++step) {
      char const* const states = memory + step % 2 * layout_.copy_bytes();
      char* const new_states = memory + (step + 1) % 2 * layout_.copy_bytes();
      for (; place.step == step; place = following(place)) {
        Gates const gates = next;
        next = load_gates(following(place));
        if (place.unit_tile < unit_tiles_) advance(place, gates, states, new_states);
      }
      barrier();
    }
  }

 private:
  // A step, a tile of images and a tile of units: what a warp computes at a time.
  struct Place {
    int step, image_tile, unit_tile;
  };
  // The projection's results for the two units and two images of a thread, and the times of their outputs.
  struct Gates {
    Pair<T> of[kGates][2];
    int time[2];  // of the output; ~time after the end of the image

    __device__ bool within(int i) const { return time[i] >= 0; }
    __device__ int output_time(int i) const { return within(i) ? time[i] : ~time[i]; }
  };

  __device__ void barrier() const {
    if constexpr (kCluster) {
      cluster_barrier();
    } else {
      block_barrier();
    }
  }

  __device__ Place following(Place place) const {
    if constexpr (kResident == 0) {  // with resident weights, a warp has one tile of units
      place.unit_tile += warps_;
      if (place.unit_tile < unit_tiles_) return place;
      place.unit_tile = warp_;
    }
    if (++place.image_tile == image_tiles_) {
      place.image_tile = 0;
      ++place.step;
    }
    return place;
  }

  // Index in the layer of the first of the thread's two units.
  __device__ int unit(int unit_tile) const { return (rank_ * unit_tiles_ + unit_tile) * kTileUnits + 2 * lane_.row; }
  // How many of the two exist.
  __device__ int units(int unit_tile) const {
    int const left = p_.hidden - unit(unit_tile);
    return unit_tile < unit_tiles_ ? (left > 2 ? 2 : left < 0 ? 0 : left) : 0;
  }
  // Index in the block of the thread's image `i` of a tile.
  __device__ int image(int image_tile, int i) const { return image_tile * kTileImages + 2 * lane_.column + i; }
  // Index of a row of this direction in gates and output.
  __device__ int row(int n, int time) const { return (n * p_.steps + time) * p_.directions + direction_; }
  __device__ float2* own_state(int image, int unit_tile) const {
    return reinterpret_cast<float2*>(own_ + image * layout_.own_pitch() + unit_tile * kTileUnits + 2 * lane_.row);
  }

  // Writes zeros or the initial states to the copy that step 0 reads, and to this block's states in FP32.
  __device__ void load_states(char* memory) {
    for (int i = threadIdx.x * 4; i < layout_.bytes(); i += blockDim.x * 4) *reinterpret_cast<int*>(memory + i) = 0;
    if (p_.initial == nullptr) return;
    block_barrier();
    auto const initial = static_cast<T const*>(p_.initial) + int64_t{direction_} * p_.batch * p_.hidden;
    int const own_first = rank_ * layout_.own_units;
    for (int i = threadIdx.x; i < layout_.images * p_.hidden; i += blockDim.x) {
      int const image = i / p_.hidden, unit = i % p_.hidden;
      if (first_image_ + image >= p_.batch) break;
      T const state = load_constant(initial + int64_t{first_image_ + image} * p_.hidden + unit);
      reinterpret_cast<T*>(memory + image * layout_.pitch)[unit] = state;
      int const own = unit - own_first;
      if (own >= 0 && own < layout_.own_units) own_[image * layout_.own_pitch() + own] = static_cast<float>(state);
    }
  }

  __device__ void load_resident() {
#pragma unroll
    for (int chunk = 0; chunk < kResident; ++chunk)
      resident_[chunk] = load_chunk<kAligned>(recurrent_, p_.hidden, unit(warp_), first_k(chunk));
  }

  __device__ int first_k(int chunk) const { return chunk * kChunk<T> + lane_.column * kLoad<T>; }

  // Zeros after the last step, for images that do not exist, and after the lengths of those that do.
  __device__ Gates load_gates(Place place) const {
    Gates gates;
    auto const source = static_cast<T const*>(p_.gates);
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      int const n = first_image_ + image(place.image_tile, i);
      int const length = length_of(n);
      bool const within = place.step < length;
      gates.time[i] = !within ? ~place.step : backwards_ ? length - 1 - place.step : place.step;
      T const* const address = source + int64_t{row(n, gates.time[i])} * (kGates * p_.hidden) + unit(place.unit_tile);
#pragma unroll
      for (int gate = 0; gate < kGates; ++gate)
        gates.of[gate][i] = load_pair<kAligned>(address + gate * p_.hidden, within ? units(place.unit_tile) : 0);
    }
    return gates;
  }

  __device__ int length_of(int n) const {
    if (n >= p_.batch) return 0;
    int const length = p_.lengths == nullptr ? p_.steps : load_constant(p_.lengths + n);
    return length < p_.steps ? length : p_.steps;
  }

  __device__ Sums multiply(Place place, char const* states) const {
    Product<T> product;
    char const* const tile = states + place.image_tile * kTileImages * layout_.pitch;
#pragma unroll
    for (int chunk = 0; chunk < kResident; ++chunk)
      product.add(resident_[chunk], tile + chunk * kChunkBytes, layout_.pitch, lane_);
    if constexpr (!kWhole) {
#pragma unroll 1  // unrolling would take registers from the resident weights
      for (int chunk = kResident; chunk < chunks_; ++chunk) {
        Weights const weights = load_chunk<kAligned>(recurrent_, p_.hidden, unit(place.unit_tile), first_k(chunk));
        product.add(weights, tile + chunk * kChunkBytes, layout_.pitch, lane_);
      }
    }
    return product.finish(lane_);
  }

  // Computes one step of one tile: the new states and the output. All four states of a thread are always computed, and
  // replaced by the old ones where an image has ended. With a branch for each, they would be computed one by one.
  __device__ void advance(Place place, Gates const& gates, char const* states, char* new_states) const {
    int const count = units(place.unit_tile), first = unit(place.unit_tile);
    Sums const sums = multiply(place, states);
    auto const& s = sums.of;
    auto const bias = as_floats(
        load_pair<kAligned>(static_cast<T const*>(p_.bias) + direction_ * p_.hidden + first, count));
#pragma unroll
    for (int i = 0; i < 2; ++i) {
      int const in_block = image(place.image_tile, i);
      float2* const own = own_state(in_block, place.unit_tile);
      float2 const z = as_floats(gates.of[0][i]), r = as_floats(gates.of[1][i]), n = as_floats(gates.of[2][i]);
      float2 const old = *own;
      float2 state;
      state.x = new_state(z.x + s[0][0][i], r.x + s[1][0][i], n.x, s[2][0][i] + bias.x, old.x);
      state.y = new_state(z.y + s[0][1][i], r.y + s[1][1][i], n.y, s[2][1][i] + bias.y, old.y);
      if (!gates.within(i)) state = old;
      *own = state;
      if (count == 0) continue;
      auto const factor = reinterpret_cast<Pair<T>*>(new_states + in_block * layout_.pitch + first * int{sizeof(T)});
      publish(factor, rounded<T>(state));
      if (first_image_ + in_block >= p_.batch) continue;
      int64_t const output_row = row(first_image_ + in_block, gates.output_time(i));
      T* const output = static_cast<T*>(p_.output) + output_row * p_.hidden + first;
      store_pair<kAligned>(output, gates.within(i) ? rounded<T>(state) : Pair<T>{}, count);
    }
  }

  static __device__ float new_state(float z, float r, float gate, float recurrent, float state) {
    float const n = 2.f * sigmoid(2.f * (gate + sigmoid(r) * recurrent)) - 1.f;  // tanh
    return n + sigmoid(z) * (state - n);
  }

  // Stores states as factors of the next product, in all blocks of the cluster: each needs the states of all units.
  __device__ void publish(Pair<T>* factor, Pair<T> states) const {
    if constexpr (kCluster) {
      for (int rank = 0; rank < blocks_; ++rank) store_remote(factor, rank, states);
    } else {
      *factor = states;
    }
  }

  GruProblem const& p_;
  Lane const lane_;
  int const warp_, warps_, unit_tiles_, image_tiles_, rank_, blocks_, direction_, first_image_;
  bool const backwards_;
  int const chunks_;
  SharedLayout const layout_;
  T const* const recurrent_;
  float* own_ = nullptr;
  Weights resident_[kResident > 0 ? kResident : 1];
};

template <class T, class Layout>
__global__ void __launch_bounds__(Layout::kThreads, 1) gru(__grid_constant__ KernelArguments const arguments) {
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 900
  Recurrence<T, Layout>(arguments).run();
#else
  if constexpr (!Layout::kCluster) Recurrence<T, Layout>(arguments).run();
#endif
}

}  // namespace crnn_deploy
