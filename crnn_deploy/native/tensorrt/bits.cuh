// Reads the bits of a value as another type. A cast of pointers would break C++'s aliasing rules, so it is a memcpy.
#pragma once

#include <cuda_runtime_api.h>

#include <cstring>

namespace crnn_deploy {

template <class To, class From>
__host__ __device__ To bits_as(From const& from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  memcpy(static_cast<void*>(&to), static_cast<void const*>(&from), sizeof to);
  return to;
}

}  // namespace crnn_deploy
