#include "image_file.h"

#include <algorithm>
#include <cctype>
#include <csetjmp>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#ifdef CRNN_WITH_PNG
#include <png.h>
#endif
#ifdef CRNN_WITH_JPEG
#include <jpeglib.h>
#include <jerror.h>
#endif

namespace {

using Bytes = std::vector<std::uint8_t>;
using crnn::Channels;

// Makes room for the pixels.
DecodedFile with_size(std::uint64_t width, std::uint64_t height, bool grey) {
  if (width < 1 || height < 1) throw std::runtime_error("it has no pixels");
  if (width > (1 << 26) / height) throw std::runtime_error("it has more than 67,108,864 pixels");
  DecodedFile file{static_cast<int>(width), static_cast<int>(height), grey ? Channels::kGrey : Channels::kRgb, {}};
  file.pixels.resize(width * height * (grey ? 1 : 3));
  return file;
}

// A number in the header of a PGM or PPM file; `at` is moved behind it.
std::uint64_t header_number(const Bytes& data, std::size_t& at) {
  while (at < data.size() && (std::isspace(data[at]) || data[at] == '#')) {
    if (data[at++] != '#') continue;
    while (at < data.size() && data[at] != '\n') ++at;
  }
  std::uint64_t number = 0;
  while (at < data.size() && std::isdigit(data[at]) && number < (1 << 30)) number = 10 * number + (data[at++] - '0');
  return number;
}

DecodedFile decode_pnm(const Bytes& data) {
  std::size_t at = 2;
  const std::uint64_t width = header_number(data, at), height = header_number(data, at);
  if (header_number(data, at) != 255) throw std::runtime_error("it is no PGM or PPM file of 8 bits");
  ++at;  // one space behind the header
  DecodedFile file = with_size(width, height, data[1] == '5');
  if (at > data.size() || data.size() - at < file.pixels.size()) throw std::runtime_error("it is cut off");
  std::copy_n(data.begin() + at, file.pixels.size(), file.pixels.begin());
  return file;
}

DecodedFile decode_png([[maybe_unused]] const Bytes& data) {
#ifdef CRNN_WITH_PNG
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_memory(&image, data.data(), data.size())) throw std::runtime_error(image.message);
  image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
  image.format &= PNG_FORMAT_FLAG_COLOR;  // 8 bits, grey or RGB, on white paper
  DecodedFile file;
  try {
    file = with_size(image.width, image.height, image.format == PNG_FORMAT_GRAY);
  } catch (...) {
    png_image_free(&image);
    throw;
  }
  const png_color white{255, 255, 255};
  if (!png_image_finish_read(&image, &white, file.pixels.data(), 0, nullptr)) throw std::runtime_error(image.message);
  return file;
#else
  throw std::runtime_error("it is a PNG file, and the program was built without libpng");
#endif
}

#ifdef CRNN_WITH_JPEG
struct JpegErrors {
  jpeg_error_mgr manager;
  std::jmp_buf back;
  char message[JMSG_LENGTH_MAX];
};

// libjpeg ends the program after an error, unless this function jumps out of it.
[[noreturn]] void jump_back(j_common_ptr jpeg) {
  auto* errors = reinterpret_cast<JpegErrors*>(jpeg->err);
  jpeg->err->format_message(jpeg, errors->message);
  std::longjmp(errors->back, 1);
}

// Nothing in here has a destructor, which a jump would leave out. Returns whether all went well.
bool read_jpeg(jpeg_decompress_struct& jpeg, JpegErrors& errors, const Bytes& data, DecodedFile& file) {
  if (setjmp(errors.back)) return false;
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, data.data(), static_cast<unsigned long>(data.size()));
  jpeg_read_header(&jpeg, TRUE);
  jpeg.out_color_space = jpeg.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_start_decompress(&jpeg);
  file = with_size(jpeg.output_width, jpeg.output_height, jpeg.num_components == 1);
  while (jpeg.output_scanline < jpeg.output_height) {
    const std::size_t row = file.pixels.size() / jpeg.output_height;
    JSAMPROW to = file.pixels.data() + row * jpeg.output_scanline;
    jpeg_read_scanlines(&jpeg, &to, 1);
  }
  jpeg_finish_decompress(&jpeg);
  return true;
}
#endif

DecodedFile decode_jpeg([[maybe_unused]] const Bytes& data) {
#ifdef CRNN_WITH_JPEG
  jpeg_decompress_struct jpeg{};
  JpegErrors errors{};
  jpeg.err = jpeg_std_error(&errors.manager);
  errors.manager.error_exit = jump_back;
  errors.manager.emit_message = [](j_common_ptr jpeg, int) {
    if (jpeg->err->msg_code == JWRN_JPEG_EOF) jump_back(jpeg);  // of the warnings this one alone: it is cut off
  };
  DecodedFile file;
  bool done = false;
  try {
    done = read_jpeg(jpeg, errors, data, file);
  } catch (...) {
    jpeg_destroy_decompress(&jpeg);
    throw;
  }
  jpeg_destroy_decompress(&jpeg);
  if (!done) throw std::runtime_error(errors.message);
  return file;
#else
  throw std::runtime_error("it is a JPEG file, and the program was built without libjpeg");
#endif
}

}  // namespace

crnn::Image DecodedFile::image() const {
  const std::size_t stride = pixels.size() / height;
  return {pixels.data(), width, height, stride, channels};
}

DecodedFile decode_file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw std::runtime_error("it cannot be opened");
  const Bytes data{std::istreambuf_iterator<char>(stream), {}};
  const std::string magic(data.begin(), data.begin() + (data.size() < 2 ? 0 : 2));
  if (magic == "P5" || magic == "P6") return decode_pnm(data);
  if (magic == "\x89P") return decode_png(data);
  if (magic == "\xff\xd8") return decode_jpeg(data);
  throw std::runtime_error("it is no PNG, JPEG, PGM or PPM file");
}
