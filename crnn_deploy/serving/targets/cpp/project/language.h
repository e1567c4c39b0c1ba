// Finds texts with a language model: which characters follow each other counts in. model_spec.h includes this file
// where the model has one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "ctc_beam.h"
#include "decode.h"
#include "spec.h"

namespace crnn {

// A language model as model_spec.h holds it.
struct LanguageModel {
  // From the lowest bits: number of the last character (16), cost and backoff in 1/16 nat (8 each), by how many n-grams
  // it is continued (16). They come in the order of their lengths, and those of one length in that of their parents.
  const std::uint64_t* ngrams;
  std::size_t count;
  int order;  // characters of the longest
  int width;  // prefixes that the search keeps
  double least_share;
  crnn_deploy::beam::NgramTables tables;  // what is not in the n-grams
};

// The n-grams, unpacked, and tables that point to them.
class Language {
 public:
  explicit Language(const LanguageModel& model) : tables(model.tables) {
    std::int32_t next = 1;
    for (std::size_t i = 0; i < model.count; ++i) {
      const auto bits = [ngram = model.ngrams[i]](int from, unsigned mask) {
        return static_cast<std::int32_t>(ngram >> from & mask);
      };
      symbols_.push_back(bits(0, 0xffff));
      ngrams_.push_back({next, bits(32, 0xffff), 0, 0, bits(16, 0xff) / 16.0, bits(24, 0xff) / 16.0});
      next += ngrams_.back().children;
    }
    tables.ngrams = ngrams_.data(), tables.symbols = symbols_.data();
    find_shorter(model.order);
  }
  Language(const Language&) = delete;
  Language& operator=(const Language&) = delete;

  crnn_deploy::beam::NgramTables tables;

 private:
  // Of each n-gram the longest one that it ends with, which is in its place where it is too long to be continued.
  void find_shorter(int order) {
    const crnn_deploy::beam::Language known(&tables);
    std::vector<int> lengths(ngrams_.size());
    for (int node = 0; node < static_cast<int>(ngrams_.size()); ++node) {
      crnn_deploy::beam::Ngram& ngram = ngrams_[node];
      ngram.context = lengths[node] < order ? node : ngram.shorter;
      for (int longer = ngram.first; longer < ngram.first + ngram.children; ++longer) {
        lengths[longer] = lengths[node] + 1;
        if (node == 0) continue;
        int end = ngram.shorter, found;
        while ((found = known.continued(end, symbols_[longer])) < 0 && end != 0) end = ngrams_[end].shorter;
        ngrams_[longer].shorter = found < 0 ? 0 : found;
      }
    }
  }

  std::vector<crnn_deploy::beam::Ngram> ngrams_;
  std::vector<std::int32_t> symbols_;
};

inline Search language_search(const LanguageModel& model, int blank) {
  const auto language = std::make_shared<const Language>(model);
  return [language, blank, width = model.width, least_share = model.least_share](const Frames& frames,
                                                                                 bool are_probabilities) {
    std::vector<int> text(frames.count);
    crnn_deploy::beam::BeamInput input{};
    input.output = frames.values;
    input.frames = static_cast<int>(frames.count);
    input.classes = static_cast<int>(frames.classes);
    input.step = static_cast<int>(frames.step);
    input.blank = blank;
    input.width = width;
    input.logarithmic = are_probabilities ? 0 : 1;
    input.language = &language->tables;
    input.least_share = least_share;
    input.text = text.data();
    text.resize(static_cast<std::size_t>(crnn_deploy::beam::Search(input).run()));
    return text;
  };
}

}  // namespace crnn
