// Checks this folder: reads the example images, and compares with the texts that crnn-deploy read in them. It prints
// one line, and exits with 0 if all texts are the same and no confidence is far off, or else with 1.

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>

#include "crnn_reader.h"
#include "image_file.h"

namespace {

constexpr double kTolerance = 0.05;  // other processors run recurrent layers with other kernels, or in FP32

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

// What is wrong with the reading of an example; empty if it is as expected.
std::string difference(const crnn::Reader& reader, const std::string& name, const std::string& text, double confidence) {
  try {
    const DecodedFile file = decode_file(std::filesystem::path(CRNN_FOLDER) / "examples" / name);
    const crnn::Reading reading = reader.read(file.image());
    if (reading.text != text) return name + " reads '" + reading.text + "', expected '" + text + "'";
    if (std::abs(static_cast<double>(reading.confidence) - confidence) <= kTolerance) return "";
    return name + " has a confidence of " + std::to_string(reading.confidence) + ", expected " +
           std::to_string(confidence);
  } catch (const std::exception& error) {
    return name + " cannot be read: " + error.what();
  }
}

}  // namespace

int main() try {
  const crnn::Reader reader(CRNN_FOLDER);
  std::ifstream table(std::filesystem::path(CRNN_FOLDER) / "examples" / "expected.tsv");
  std::string name, text, confidence, wrong;
  std::getline(table, name);  // names of the columns
  int count = 0, differ = 0;
  while (std::getline(table, name, '\t') && std::getline(table, text, '\t') && std::getline(table, confidence)) {
    const std::string found = difference(reader, name, unescaped(text), std::atof(confidence.c_str()));
    ++count;
    if (found.empty()) continue;
    ++differ;
    wrong += (differ == 1 ? ": " : "; ") + found;
  }
  if (differ == 0 && count > 0) {
    std::printf("%d of %d examples read as expected\n", count, count);
    return 0;
  }
  std::printf("%d of %d examples differ%s\n", differ, count, wrong.c_str());
  return 1;
} catch (const std::exception& error) {
  std::printf("The model cannot be loaded: %s\n", error.what());
  return 1;
}
