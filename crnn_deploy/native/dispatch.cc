// Chooses the level of kernels for this processor.
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "kernels.h"

#if defined(CRNN_DEPLOY_X86)
#include <cpuid.h>
#elif defined(CRNN_DEPLOY_NEONDOT) && defined(__linux__)
#include <sys/auxv.h>
#endif

namespace crnn_deploy {
namespace {

struct Processor {
  bool avx2 = false, avxvnni = false, avx512vnni = false, amx = false, neondot = false;
};

#if defined(CRNN_DEPLOY_X86)
struct Registers {
  uint32_t a = 0, b = 0, c = 0, d = 0;
};

Registers cpuid(uint32_t leaf, uint32_t subleaf) {
  Registers r;
  __get_cpuid_count(leaf, subleaf, &r.a, &r.b, &r.c, &r.d);
  return r;
}

// The registers that the operating system saves when it switches threads, as bits of XCR0.
uint64_t saved_registers() {
  uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<uint64_t>(high) << 32) | low;
}

bool bit(uint64_t word, int number) { return (word >> number) & 1; }

Processor detect() {
  Processor processor;
  const Registers basic = cpuid(1, 0);
  if (!bit(basic.c, 27) || !bit(basic.c, 12)) return processor;  // needs XGETBV and FMA
  const uint64_t saved = saved_registers();
  const Registers extended = cpuid(7, 0), more = cpuid(7, 1);
  const bool saves_ymm = (saved & 0x6) == 0x6, saves_zmm = (saved & 0xe6) == 0xe6;
  const bool saves_tiles = (saved & 0x60000) == 0x60000;
  processor.avx2 = saves_ymm && bit(extended.b, 5);
  processor.avxvnni = processor.avx2 && bit(more.a, 4);
  const bool avx512 = bit(extended.b, 16) && bit(extended.b, 17) && bit(extended.b, 30) && bit(extended.b, 31);
  processor.avx512vnni = processor.avx2 && saves_zmm && avx512 && bit(extended.c, 11);
  processor.amx = processor.avx512vnni && saves_tiles && bit(extended.d, 24) && bit(extended.d, 25);
  return processor;
}
#else
Processor detect() {
  Processor processor;
#if defined(CRNN_DEPLOY_NEONDOT) && defined(__linux__)
  processor.neondot = (getauxval(AT_HWCAP) >> 20) & 1;  // HWCAP_ASIMDDP
#elif defined(CRNN_DEPLOY_NEONDOT) && defined(__APPLE__)
  processor.neondot = true;
#endif
  return processor;
}
#endif

const Kernels* level(const std::string& name) {
  static const Processor processor = detect();
#if defined(CRNN_DEPLOY_AMX)
  if (name == "amx") return processor.amx ? amx_kernels() : nullptr;
#endif
#if defined(CRNN_DEPLOY_AVX512VNNI)
  if (name == "avx512vnni") return processor.avx512vnni ? avx512vnni_kernels() : nullptr;
#endif
#if defined(CRNN_DEPLOY_AVXVNNI)
  if (name == "avxvnni") return processor.avxvnni ? avxvnni_kernels() : nullptr;
#endif
#if defined(CRNN_DEPLOY_AVX2)
  if (name == "avx2") return processor.avx2 ? avx2_kernels() : nullptr;
#endif
#if defined(CRNN_DEPLOY_NEONDOT)
  if (name == "neondot") return processor.neondot ? neondot_kernels() : nullptr;
#endif
  if (name == "portable") return portable_kernels();
  if (name == "amx-emulated") return amx_emulated_kernels();
  return nullptr;
}

}  // namespace

const Kernels* kernels() {
  const char* forced = std::getenv("CRNN_DEPLOY_KERNELS");
  if (forced && *forced) {
    if (const Kernels* chosen = level(forced)) return chosen;
    throw std::runtime_error(std::string("CRNN_DEPLOY_KERNELS=") + forced +
                             ": this processor, or this build, has no such kernels");
  }
  for (const char* name : {"amx", "avx512vnni", "avxvnni", "avx2", "neondot"})
    if (const Kernels* chosen = level(name)) return chosen;
  return nullptr;
}

const Kernels& any_kernels() {
  const Kernels* const best = kernels();
  return best ? *best : *portable_kernels();
}

const Kernels& usable_kernels() {
  if (const Kernels* chosen = kernels()) return *chosen;
  throw std::runtime_error("there are no kernels for this processor");
}

const char* built_levels() {
  return "levels:"
#if defined(CRNN_DEPLOY_AMX)
         " amx"
#endif
#if defined(CRNN_DEPLOY_AVX512VNNI)
         " avx512vnni"
#endif
#if defined(CRNN_DEPLOY_AVXVNNI)
         " avxvnni"
#endif
#if defined(CRNN_DEPLOY_AVX2)
         " avx2"
#endif
#if defined(CRNN_DEPLOY_NEONDOT)
         " neondot"
#endif
         " portable";
}

}  // namespace crnn_deploy
