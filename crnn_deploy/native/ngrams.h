// The n-grams of a language model, for ctc_beam.h; crnn_deploy/ngrams.py explains them.
// Packages for C++ carry a copy of this file.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace crnn_deploy::beam {

// `NGRAM` of crnn_deploy/ngrams.py. What is asked of an n-gram lies together, since most of them are in no cache.
struct Ngram {
  std::int32_t first, children;   // the first n-gram that continues it, and how many do
  std::int32_t shorter, context;  // the longest one that it ends with, and that from which the next character goes on
  double cost, backoff;
};

// The n-grams of a language model, and what each class is in it; `native/ctc_beam.py` has the same fields.
struct NgramTables {
  const Ngram* ngrams;
  const std::int32_t* symbols;        // [ngrams] the last character of each
  const std::int32_t* starts;         // [classes + 1] where the symbols of each class begin in the next two
  const std::int32_t* class_symbols;  // -1: unknown
  const double* class_costs;          // besides those of the symbols
  std::int32_t start, end_symbol;
  double unknown, weight, bonus, least_factor;
};

constexpr int kNone = -1;

// What a language adds to the probability of a text, class by class.
class Language {
 public:
  explicit Language(const NgramTables* tables) : tables_(tables) {}

  explicit operator bool() const { return tables_ != nullptr; }
  int start() const { return tables_ ? tables_->start : 0; }

  // The n-gram that is one longer and ends with the symbol; kNone: there is none.
  int continued(int node, int symbol) const {
    const std::int32_t* const begin = tables_->symbols + tables_->ngrams[node].first;
    const std::int32_t* const end = begin + tables_->ngrams[node].children;
    const std::int32_t* const found = std::lower_bound(begin, end, symbol);
    return found != end && *found == symbol ? static_cast<int>(found - tables_->symbols) : kNone;
  }

  // The factor of a class after a state, and the state after it.
  double grown(int& state, int label) const {
    if (!tables_) return 1;
    const std::int32_t begin = tables_->starts[label], end = tables_->starts[label + 1];
    double cost = 0;
    for (std::int32_t i = begin; i < end; ++i) cost += after(state, tables_->class_symbols[i], tables_->class_costs[i]);
    return std::max(tables_->least_factor, std::exp(tables_->bonus * (end - begin) - tables_->weight * cost));
  }

  // The highest factor that a class may have, with room for rounding.
  double highest(int label) const {
    if (!tables_) return 1;
    const std::int32_t count = tables_->starts[label + 1] - tables_->starts[label];
    return std::max(tables_->least_factor, std::exp(tables_->bonus * count)) * (1 + 1e-9);
  }

  double ended(int state) const {
    return tables_ ? std::exp(-tables_->weight * after(state, tables_->end_symbol, 0)) : 1;
  }

 private:
  double after(int& state, int symbol, double cost) const {
    int node;
    while ((node = continued(state, symbol)) == kNone) {
      cost += tables_->ngrams[state].backoff;
      if (state == 0) return cost + tables_->unknown;
      state = tables_->ngrams[state].shorter;
    }
    state = tables_->ngrams[node].context;
    return cost + tables_->ngrams[node].cost;
  }

  const NgramTables* tables_;
};

}  // namespace crnn_deploy::beam
