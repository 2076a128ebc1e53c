// How fast text becomes tokens, on one thread.

#ifndef TESTS_BENCH_TEXT_CASES_H_
#define TESTS_BENCH_TEXT_CASES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/text/tokenizer.h"

namespace attnd {

struct TextCase {
  std::string name;
  std::string text;
};

struct TextMeasurement {
  std::string name;
  double bytes = 0;
  double tokens = 0;
  double seconds = 0;  // median
  double megabytes_per_second() const { return bytes / seconds / 1e6; }
};

// A megabyte each: English, which is this repository's documents; one letter; letters and bytes drawn at random.
absl::StatusOr<std::vector<TextCase>> TextCases();

TextMeasurement MeasureText(const TextCase& text, const Tokenizer& tokenizer, int repetitions);

}  // namespace attnd

#endif  // TESTS_BENCH_TEXT_CASES_H_
