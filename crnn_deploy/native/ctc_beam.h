// Prefix beam search over the output of a line; the same search as crnn_deploy/reading/beam.py, which explains it.
// Packages for C++ carry a copy of this file.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "ngrams.h"

namespace crnn_deploy::beam {

using std::size_t;

struct BeamInput {
  const float* output;  // [frames, classes]
  std::int32_t* text;   // [frames] classes of the best text
  std::int32_t frames, classes, step;  // `step` numbers from one frame to the next
  std::int32_t logarithmic, blank, width;
  double least_share;
  const NgramTables* language;  // or null
};

struct Prefix {
  int parent, label, child, sibling, state, seen;
  double factor, in_blank, in_character, total;
};

struct Candidate {
  double total;
  int prefix, label;  // kNone: it stays as it is
  double in_blank, in_character;
  int state = 0;  // of the longer prefix, with its factor
  double factor = 1;
};

struct Share {
  int label;
  double share, most;  // `most`: times the highest factor
};

class Search {
 public:
  explicit Search(const BeamInput& input) : input_(input), language_(input.language) {
    prefixes_.reserve(static_cast<size_t>(input.frames) * 4 + 16);
    prefixes_.push_back({kNone, input.blank, kNone, kNone, language_.start(), -1, 1, 1, 0, 1});
    beam_.push_back(0);
  }

  int run() {
    for (frame_ = 0; frame_ < input_.frames; ++frame_) step();
    int best = beam_[0];
    for (int at : beam_)
      if (ended(at) > ended(best)) best = at;
    return write(best);
  }

 private:
  void step() {
    row_ = input_.output + static_cast<size_t>(frame_) * input_.step;
    highest_ = *std::max_element(row_, row_ + input_.classes);
    find_likeliest();
    candidates_.clear();
    const double blank = share(input_.blank);
    for (int at : beam_) stay(at, blank);
    for (size_t place = 1; place <= beam_.size(); ++place) grow(beam_[place - 1], place);
    keep();
  }

  void stay(int at, double blank) {
    const Prefix& prefix = prefixes_[at];
    double in_character = 0;
    if (prefix.parent != kNone) {
      in_character = prefix.in_character;
      const Prefix& parent = prefixes_[prefix.parent];
      if (parent.seen == frame_ - 1) in_character += paths(parent, prefix.label) * prefix.factor;
      in_character *= share(prefix.label);
    }
    const double in_blank = prefix.total * blank;
    offer({in_blank + in_character, at, kNone, in_blank, in_character});
  }

  void grow(int at, size_t place) {
    const size_t all = input_.width + 1, count = language_ ? all : (all + place - 1) / place;
    for (size_t i = 0; i < std::min(count, likeliest_.size()); ++i) {
      const auto [label, share, most] = likeliest_[i];
      const double before = paths(prefixes_[at], label);
      if (is_full() && before * most <= candidates_.back().total) continue;  // most n-grams need no look then
      const int child = find_child(at, label);
      if (child != kNone && prefixes_[child].seen == frame_ - 1) continue;
      int state = prefixes_[at].state;
      const double factor = language_.grown(state, label), total = before * factor * share;
      offer({total, at, label, 0, total, state, factor});
    }
  }

  bool is_full() const { return candidates_.size() == static_cast<size_t>(input_.width); }

  // Keeps the most probable candidates in their order; of equal ones the first.
  void offer(const Candidate& candidate) {
    const auto higher = [](const Candidate& one, const Candidate& other) { return one.total > other.total; };
    const auto place = std::upper_bound(candidates_.begin(), candidates_.end(), candidate, higher);
    if (is_full() && place == candidates_.end()) return;
    candidates_.insert(place, candidate);
    if (candidates_.size() > static_cast<size_t>(input_.width)) candidates_.pop_back();
  }

  void keep() {
    const double highest = candidates_[0].total;
    beam_.clear();
    for (const Candidate& candidate : candidates_) {
      if (!(candidate.total > 0)) continue;
      const int at = candidate.label == kNone ? candidate.prefix : child_of(candidate);
      beam_.push_back(at);
      kept_.push_back({candidate.total / highest, at, frame_, candidate.in_blank / highest,
                       candidate.in_character / highest});
    }
    for (const Candidate& after : kept_) {
      Prefix& prefix = prefixes_[after.prefix];
      prefix.total = after.total, prefix.in_blank = after.in_blank, prefix.in_character = after.in_character;
      prefix.seen = frame_;
    }
    kept_.clear();
  }

  // The likeliest characters of the frame that have at least a share, the most probable first.
  void find_likeliest() {
    const size_t most = input_.width + 1;
    const auto likelier = [this](int one, int other) {
      return row_[one] > row_[other] || (row_[one] == row_[other] && one < other);
    };
    order_.clear();
    const double bound = least_value();
    for (int label = 0; label < input_.classes; ++label) {
      if (label == input_.blank || row_[label] < bound) continue;
      if (order_.size() == most && !likelier(label, order_.front())) continue;
      if (order_.size() == most) {
        std::pop_heap(order_.begin(), order_.end(), likelier);
        order_.pop_back();
      }
      order_.push_back(label);
      std::push_heap(order_.begin(), order_.end(), likelier);
    }
    std::sort_heap(order_.begin(), order_.end(), likelier);
    likeliest_.clear();
    for (int label : order_)
      if (const double found = share(label); found >= input_.least_share)
        likeliest_.push_back({label, found, found * language_.highest(label)});
  }

  // A value below which no class has the least share, with room for rounding.
  double least_value() const {
    if (input_.least_share == 0) return -std::numeric_limits<double>::infinity();
    return input_.logarithmic ? highest_ + std::log(input_.least_share) - 1e-6 : highest_ * input_.least_share * 0.999;
  }

  double share(int label) const {
    const double value = row_[label], highest = highest_;
    return input_.logarithmic ? std::exp(value - highest) : value / highest;
  }

  double paths(const Prefix& prefix, int label) const { return label == prefix.label ? prefix.in_blank : prefix.total; }

  double ended(int at) const { return prefixes_[at].total * language_.ended(prefixes_[at].state); }

  int find_child(int at, int label) const {
    int child = prefixes_[at].child;
    while (child != kNone && prefixes_[child].label != label) child = prefixes_[child].sibling;
    return child;
  }

  int child_of(const Candidate& longer) {
    const int at = longer.prefix;
    if (const int found = find_child(at, longer.label); found != kNone) return found;
    const int made = static_cast<int>(prefixes_.size());
    prefixes_.push_back({at, longer.label, kNone, prefixes_[at].child, longer.state, -2, longer.factor, 0, 0, 0});
    prefixes_[at].child = made;
    return made;
  }

  int write(int at) const {
    int length = 0;
    for (int each = at; prefixes_[each].parent != kNone; each = prefixes_[each].parent) ++length;
    for (int place = length; prefixes_[at].parent != kNone; at = prefixes_[at].parent)
      input_.text[--place] = prefixes_[at].label;
    return length;
  }

  const BeamInput& input_;
  const Language language_;
  std::vector<Prefix> prefixes_;
  std::vector<int> beam_, order_;
  std::vector<Candidate> candidates_, kept_;
  std::vector<Share> likeliest_;
  const float* row_ = nullptr;
  float highest_ = 0;
  int frame_ = 0;
};

}  // namespace crnn_deploy::beam
