#include "tests/server/telemetry/exposition.h"

#include <prometheus/text_serializer.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"

namespace attnd {
namespace {

std::string Series(const std::string& name, const std::string& labels) {
  return labels.empty() ? name : absl::StrCat(name, "{", labels, "}");
}

double CountUpTo(double bound, const std::vector<double>& values) {
  return static_cast<double>(std::count_if(values.begin(), values.end(), [&](double value) { return value <= bound; }));
}

}  // namespace

std::string Render(const prometheus::Collectable& collectable) {
  const prometheus::TextSerializer serializer;
  return static_cast<const prometheus::Serializer&>(serializer).Serialize(collectable.Collect());
}

Samples ParseSamples(absl::string_view text) {
  Samples samples;
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    if (absl::StartsWith(line, "#")) continue;
    const size_t value_start = line.rfind(' ');
    double value = 0;
    if (value_start == absl::string_view::npos || !absl::SimpleAtod(line.substr(value_start + 1), &value)) {
      ADD_FAILURE() << "not a sample: " << line;
      continue;
    }
    EXPECT_TRUE(samples.emplace(line.substr(0, value_start), value).second) << "twice: " << line;
  }
  return samples;
}

Samples Changes(const Samples& before, const Samples& after) {
  for (const auto& [series, value] : before) EXPECT_TRUE(after.contains(series)) << "gone: " << series;
  Samples changes;
  for (const auto& [series, value] : after) {
    const auto old = before.find(series);
    const double change = old == before.end() ? value : value - old->second;
    if (old == before.end() || change != 0) changes[series] = change;
  }
  return changes;
}

Samples HistogramSamples(const std::string& name, const std::string& labels, const std::vector<double>& bounds,
                         const std::vector<double>& values) {
  const std::string bucket_labels = labels.empty() ? "" : absl::StrCat(labels, ",");
  const auto total = static_cast<double>(values.size());
  double sum = 0;
  for (const double value : values) sum += value;
  Samples samples = {{Series(name + "_count", labels), total}, {Series(name + "_sum", labels), sum}};
  for (const double bound : bounds) {
    samples[absl::StrCat(name, "_bucket{", bucket_labels, "le=\"", bound, "\"}")] = CountUpTo(bound, values);
  }
  samples[absl::StrCat(name, "_bucket{", bucket_labels, "le=\"+Inf\"}")] = total;
  return samples;
}

}  // namespace attnd
