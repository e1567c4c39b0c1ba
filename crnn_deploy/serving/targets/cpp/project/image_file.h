// Decodes image files: PGM and PPM, and PNG and JPEG where CMake found libpng and libjpeg.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "crnn_reader.h"

// A decoded file. The pixels are as they are stored: an orientation of EXIF is not applied.
struct DecodedFile {
  int width = 0;
  int height = 0;
  crnn::Channels channels = crnn::Channels::kGrey;
  std::vector<std::uint8_t> pixels;

  crnn::Image image() const;
};

// Throws std::runtime_error for what cannot be decoded, or has more than 2^26 pixels.
DecodedFile decode_file(const std::filesystem::path& path);
