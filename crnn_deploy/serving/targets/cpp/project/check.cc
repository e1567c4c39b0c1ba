// Checks this folder: reads the example images, and compares with the texts that crnn-deploy read in them. It prints
// one line, and exits with 0 if all texts are the same and no confidence is far off, or else with 1.

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "crnn_reader.h"
#include "image_file.h"

namespace {

constexpr double kTolerance = 0.1;  // other processors run recurrent layers with other kernels, or in FP32

std::string utf8(unsigned code) {
  const auto tail = [code](int bits) { return static_cast<char>(0x80 | (code >> bits & 0x3f)); };
  if (code < 0x80) return {static_cast<char>(code)};
  if (code < 0x800) return {static_cast<char>(0xc0 | code >> 6), tail(0)};
  if (code < 0x10000) return {static_cast<char>(0xe0 | code >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xf0 | code >> 18), tail(12), tail(6), tail(0)};
}

// The text of a field, in which \\, \t, \n, \r and codes such as \x1b or \u202e stand for characters.
std::string unescaped(const std::string& field) {
  std::string text;
  for (std::size_t at = 0; at < field.size(); ++at) {
    if (field[at] != '\\' || at + 1 == field.size()) {
      text += field[at];
      continue;
    }
    const char kind = field[++at];
    const std::size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
    if (digits != 0) {
      text += utf8(static_cast<unsigned>(std::strtoul(field.substr(at + 1, digits).c_str(), nullptr, 16)));
      at += digits;
    } else {
      text += kind == 't' ? '\t' : kind == 'n' ? '\n' : kind == 'r' ? '\r' : kind;
    }
  }
  return text;
}

struct Example {
  std::string name;
  std::string text;
  double confidence;
  DecodedFile file;
};

std::vector<Example> examples(const std::filesystem::path& folder) {
  std::ifstream table(folder / "expected.tsv");
  std::string name, text, confidence;
  std::getline(table, name);  // names of the columns
  std::vector<Example> found;
  while (std::getline(table, name, '\t') && std::getline(table, text, '\t') && std::getline(table, confidence)) {
    found.push_back({name, unescaped(text), std::atof(confidence.c_str()), decode_file(folder / name)});
  }
  return found;
}

// What is wrong with a reading; empty if it is as expected.
std::string difference(const Example& example, const crnn::Reading& reading) {
  if (reading.text != example.text) {
    return example.name + " reads '" + reading.text + "', expected '" + example.text + "'";
  }
  const double confidence = reading.confidence;
  if (std::abs(confidence - example.confidence) <= kTolerance) return "";
  return example.name + " has a confidence of " + std::to_string(confidence) + ", expected " +
         std::to_string(example.confidence);
}

}  // namespace

int main() try {
  const std::filesystem::path folder = CRNN_FOLDER;
  const crnn::Reader reader(folder);
  const std::vector<Example> found = examples(folder / "examples");
  std::vector<crnn::Image> images;
  for (const Example& example : found) images.push_back(example.file.image());
  const std::vector<crnn::Reading> readings = reader.read(images);
  std::size_t wrong = 0;
  std::string told;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::string differs = difference(found[i], readings[i]);
    if (!differs.empty()) told += (wrong++ == 0 ? ": " : "; ") + differs;
  }
  if (wrong == 0 && !found.empty()) {
    std::printf("%zu of %zu examples read as expected\n", found.size(), found.size());
    return 0;
  }
  std::printf("%zu of %zu examples differ%s\n", wrong, found.size(), told.c_str());
  return 1;
} catch (const std::exception& error) {
  std::printf("The examples cannot be read: %s\n", error.what());
  return 1;
}
