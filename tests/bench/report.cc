#include "tests/bench/report.h"

#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"

namespace attnd {

std::string TableHeading() {
  return absl::StrFormat("%-28s %-5s %11s %10s %10s %9s %8s %9s", "work", "type", "batch", "ms", "tokens/s", "GFLOP/s",
                         "of peak", "roofline");
}

std::string TableLine(const Measurement& measurement) {
  const Work& work = measurement.work;
  return absl::StrFormat("%-28s %-5s %11s %10.3f %10.0f %9.1f %8.3f %9.3f", work.name,
                         std::string(DataTypeName(work.type)), work.batch, measurement.seconds * 1e3,
                         measurement.tokens_per_second(), measurement.gflops, measurement.of_peak,
                         measurement.of_roofline);
}

std::string TextHeading() { return absl::StrFormat("%-28s %10s %10s %10s", "work", "ms", "tokens/s", "MB/s"); }

std::string TextLine(const TextMeasurement& measurement) {
  return absl::StrFormat("%-28s %10.3f %10.0f %10.1f", measurement.name, measurement.seconds * 1e3,
                         measurement.tokens / measurement.seconds, measurement.megabytes_per_second());
}

absl::Status WriteJson(const std::vector<Measurement>& measurements, const std::vector<TextMeasurement>& texts,
                       const std::string& path) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Measurement& measurement : measurements) {
    list.push_back({{"name", measurement.work.name},
                    {"dtype", std::string(DataTypeName(measurement.work.type))},
                    {"sequences", measurement.work.sequences},
                    {"tokens", measurement.work.tokens},
                    {"tokens_per_s", measurement.tokens_per_second()},
                    {"gflops", measurement.gflops},
                    {"of_peak", measurement.of_peak},
                    {"of_roofline", measurement.of_roofline}});
  }
  for (const TextMeasurement& measurement : texts) {
    list.push_back({{"name", measurement.name},
                    {"tokens_per_s", measurement.tokens / measurement.seconds},
                    {"mb_per_s", measurement.megabytes_per_second()}});
  }
  std::ofstream file(path);
  file << list.dump(2) << '\n';
  file.close();
  if (!file) return absl::UnavailableError(absl::StrCat("cannot write ", path));
  return absl::OkStatus();
}

}  // namespace attnd
