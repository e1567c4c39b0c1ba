// Packed INT8 weights (see kernels.h), and arrays that are aligned for vector instructions.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "kernels.h"

namespace crnn_deploy {

// An array that is aligned to 64 bytes. It begins as zeros, unless it is `unwritten`.
template <class T>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t size) : Buffer(unwritten(size)) { std::memset(data_.get(), 0, size * sizeof(T)); }
  // For what is written before it is read.
  static Buffer unwritten(size_t size) {
    Buffer buffer;
    buffer.data_.reset(static_cast<T*>(::operator new(size * sizeof(T), std::align_val_t{64})));
    return buffer;
  }
  T* get() const { return data_.get(); }
  T& operator[](size_t index) const { return data_.get()[index]; }

 private:
  struct Free {
    void operator()(T* data) const { ::operator delete(data, std::align_val_t{64}); }
  };
  std::unique_ptr<T, Free> data_;
};

// Arrays that share one block of memory, each aligned to 64 bytes.
class Parts {
 public:
  // `place(parts)` takes all arrays. It is called twice: first to find how much memory they need. None is written.
  // Returns the memory.
  template <class Place>
  static Buffer<uint8_t> together(const Place& place) {
    Parts sizes(0);
    place(sizes);
    Buffer<uint8_t> memory = Buffer<uint8_t>::unwritten(sizes.next_);
    Parts parts(reinterpret_cast<uintptr_t>(memory.get()));
    place(parts);
    return memory;
  }

  template <class T>
  T* take(size_t count) {
    T* const part = reinterpret_cast<T*>(next_);
    next_ += (count * sizeof(T) + 63) / 64 * 64;
    return part;
  }

 private:
  explicit Parts(uintptr_t next) : next_(next) {}

  uintptr_t next_;
};

// Owns weights in the layout of `Weights`. The scale of each row is multiplied by the factor of its gate.
class PackedMatrix {
 public:
  PackedMatrix(const int8_t* rows, const float* scales, const std::vector<float>& factors, int hidden, int depth);

  Weights weights() const { return {bytes_.get(), depth_, round_up(depth_, kTileDepth), columns_, offsets_.get()}; }
  const float* scales() const { return scales_.get(); }  // [columns]
  int columns() const { return columns_; }

 private:
  int depth_;
  int columns_;
  Buffer<int8_t> bytes_;
  Buffer<float> scales_;
  Buffer<int32_t> offsets_;
};

// `values` `[gates, hidden]`, each gate multiplied by its factor and padded with zeros to whole panels.
Buffer<float> padded(const float* values, const std::vector<float>& factors, int hidden);

}  // namespace crnn_deploy
