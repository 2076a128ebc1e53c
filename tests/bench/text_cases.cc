#include "tests/bench/text_cases.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <random>

#include "absl/functional/function_ref.h"
#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "engine/files/input_file.h"
#include "tests/bench/measurement.h"

namespace attnd {
namespace {

constexpr size_t kTextBytes = 1'000'000;

// Every document of the repository, again and again.
absl::StatusOr<std::string> English() {
  std::vector<std::string> paths = {ATTND_SOURCE_FOLDER "/README.md"};
  for (const auto& entry : std::filesystem::directory_iterator(ATTND_SOURCE_FOLDER "/docs")) {
    if (entry.path().extension() == ".md") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::string text;
  while (text.size() < kTextBytes) {
    for (const std::string& path : paths) {
      const auto content = ReadWholeFile(path, kTextBytes);
      if (!content.ok()) return content.status();
      absl::StrAppend(&text, *content);
    }
  }
  text.resize(kTextBytes);
  return text;
}

std::string Drawn(absl::FunctionRef<char(std::minstd_rand&)> draw) {
  std::minstd_rand generator(1);
  std::string text;
  while (text.size() < kTextBytes) text.push_back(draw(generator));
  return text;
}

}  // namespace

absl::StatusOr<std::vector<TextCase>> TextCases() {
  auto english = English();
  if (!english.ok()) return english.status();
  return std::vector<TextCase>{
      {"tokenize english", *std::move(english)},
      {"tokenize one letter", std::string(kTextBytes, 'a')},
      {"tokenize random letters", Drawn([](auto& generator) { return static_cast<char>('a' + generator() % 26); })},
      {"tokenize random bytes", Drawn([](auto& generator) { return static_cast<char>(generator() >> 8U); })},
  };
}

TextMeasurement MeasureText(const TextCase& text, const Tokenizer& tokenizer, int repetitions) {
  TextMeasurement measurement{.name = text.name, .bytes = static_cast<double>(text.text.size())};
  std::vector<double> seconds;
  for (int i = 0; i < repetitions; ++i) {
    const auto started_at = std::chrono::steady_clock::now();
    const auto encoding = tokenizer.EncodeBytes(text.text, {.ranges = false});
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started_at;
    CHECK_OK(encoding.status());
    seconds.push_back(elapsed.count());
    measurement.tokens = static_cast<double>(encoding->token_count);
  }
  measurement.seconds = Median(seconds);
  return measurement;
}

}  // namespace attnd
