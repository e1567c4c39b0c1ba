// Runs parts of the C++ reader alone, with any of the specs that `specs.h` lists:
//
//   cpp_parts input SPEC FILE...      writes for each image the width of its input in 4 bytes, and its numbers
//   cpp_parts decode SPEC FRAMES      decodes frames of numbers in stdin; writes the confidence in 4 bytes, and the text

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "decode.h"
#include "image_file.h"
#include "network_input.h"
#include "specs.h"

namespace {

void put(const void* data, std::size_t bytes) { std::fwrite(data, 1, bytes, stdout); }

void input(const crnn::Spec& spec, const char* path) {
  const DecodedFile file = decode_file(path);
  const crnn::NetworkInput found = crnn::network_input(file.image(), spec);
  put(&found.width, sizeof found.width);
  put(found.values.data(), found.values.size() * sizeof(float));
}

void decode(const crnn::Spec& spec, std::size_t frames) {
  std::vector<float> values(frames * spec.texts.size());
  if (std::fread(values.data(), sizeof(float), values.size(), stdin) != values.size()) std::exit(3);
  const crnn::Reading reading = crnn::decode({values.data(), frames, spec.texts.size(), spec.texts.size()}, spec);
  put(&reading.confidence, sizeof reading.confidence);
  put(reading.text.data(), reading.text.size());
}

}  // namespace

int main(int count, char** arguments) try {
  if (count < 4) return 2;
  const crnn::Spec spec = specs()[static_cast<std::size_t>(std::atoi(arguments[2]))];
  if (std::strcmp(arguments[1], "decode") == 0) decode(spec, static_cast<std::size_t>(std::atoi(arguments[3])));
  else
    for (int i = 3; i < count; ++i) input(spec, arguments[i]);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
