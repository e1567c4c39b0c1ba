// Reads images of single lines, or tells the class of pictures, with the model in a folder.
//
//   const crnn::Reader reader("folder");
//   const crnn::Reading reading = reader.read({pixels, width, height, stride, crnn::Channels::kRgb});
//   std::cout << reading.text << '\n';
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "spec.h"

namespace crnn {

// Decoded pixels, 8 bits a channel, which the caller owns.
struct Image {
  const std::uint8_t* pixels = nullptr;
  int width = 0;
  int height = 0;
  std::size_t stride = 0;  // bytes from the beginning of a row to that of the next one
  Channels channels = Channels::kGrey;
};

// Text of a line or name of a class, and the probability that it is right.
struct Reading {
  std::string text;  // UTF-8
  float confidence = 0;
};

// A model that is loaded once. Several threads may share it.
class Reader {
 public:
  // `folder` holds model.onnx and, where recurrent layers run in INT8, the library of their kernels. `threads` of 0
  // takes all cores. Throws std::runtime_error if the model cannot be loaded.
  explicit Reader(const std::filesystem::path& folder, int threads = 0);
  ~Reader();

  // Throws std::invalid_argument if an image has no pixels or more than 2^26, and std::runtime_error if the network
  // fails or gives NaN or infinite outputs. A list is read in batches of images that become equally wide.
  Reading read(const Image& image) const;
  std::vector<Reading> read(const std::vector<Image>& images) const;

  // Name of the kernels that run recurrent layers in INT8; empty where these run in FP32.
  const std::string& kernels() const;

 private:
  class Network;
  std::unique_ptr<const Network> network_;
};

}  // namespace crnn
