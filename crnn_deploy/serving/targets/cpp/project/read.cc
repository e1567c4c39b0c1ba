// Reads image files: one line for each, with its path, its text and the confidence.
//
//   read [--threads N] IMAGE...

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "crnn_reader.h"
#include "image_file.h"

namespace {

// The text on one line: control characters and backslashes as in a string of C.
std::string visible(const std::string& text) {
  std::string shown;
  for (const char c : text) {
    if (c == '\\') {
      shown += "\\\\";
    } else if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) {
      shown += c;
    } else {
      char code[5];
      std::snprintf(code, sizeof code, "\\x%02x", static_cast<unsigned>(c));
      shown += c == '\n' ? "\\n" : c == '\r' ? "\\r" : c == '\t' ? "\\t" : code;
    }
  }
  return shown;
}

// Whether the image could be read.
bool tell(const crnn::Reader& reader, const std::string& path) {
  try {
    const DecodedFile file = decode_file(path);
    const crnn::Reading reading = reader.read(file.image());
    std::printf("%s\t%s\t%.4f\n", path.c_str(), visible(reading.text).c_str(), reading.confidence);
    return true;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s cannot be read: %s\n", path.c_str(), error.what());
    return false;
  }
}

}  // namespace

int main(int count, char** arguments) {
  std::vector<std::string> images(arguments + 1, arguments + count);
  int threads = 0;
  if (images.size() > 1 && images[0] == "--threads") {
    threads = std::atoi(images[1].c_str());
    images.erase(images.begin(), images.begin() + 2);
  }
  if (images.empty()) {
    std::fprintf(stderr, "usage: %s [--threads N] IMAGE...\n", arguments[0]);
    return 2;
  }
  try {
    const crnn::Reader reader(CRNN_FOLDER, threads);
    bool all = true;
    for (const std::string& path : images) all = tell(reader, path) && all;
    return all ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "The model cannot be loaded: %s\n", error.what());
    return 2;
  }
}
