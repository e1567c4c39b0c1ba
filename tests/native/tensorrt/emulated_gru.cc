// The kernels, compiled for the emulator.
#include "cuda_emulator.h"

extern "C" void crnn_deploy_emulate(int major, int processors, int shared_bytes, int blocks_at_a_time, unsigned seed) {
  emulate(major, processors, shared_bytes, blocks_at_a_time, seed);
}

#include "gru.cu"
