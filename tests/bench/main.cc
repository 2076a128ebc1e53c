// What the engine does a second, beside what this machine could do at best, measured in the same run.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/log/check.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/checkpoint/seeded_weights.h"
#include "engine/model/model_weights.h"
#include "engine/ops/cpu.h"
#include "engine/ops/cpu_shares.h"
#include "engine/text/tokenizer_files.h"
#include "tests/bench/cases.h"
#include "tests/bench/flags.h"
#include "tests/bench/machine.h"
#include "tests/bench/report.h"
#include "tests/bench/text_cases.h"
#include "tests/bench/workers.h"

ABSL_FLAG(std::string, json, "", "File to write the results to, as a list of objects.");
ABSL_FLAG(std::string, dtype, "", "Measure this type alone: f32, bf16 or int8.");
ABSL_FLAG(std::string, filter, "", "Measure what has this in its title, such as linear, forward or 'forward 8 x 128'.");
ABSL_FLAG(std::string, tokenizer, ATTND_SOURCE_FOLDER "/tests/golden/tiny",
          "Folder of the tokenizer that is measured; GPT-2's own makes longer tokens.");
ABSL_FLAG(int, repetitions, 7, "Times everything is measured; medians are shown.");
ABSL_FLAG(
    int, workers, 1,
    "Engines that compute side by side in the forward cases, each its own batch, with their share of the threads.");
ABSL_FLAG(bool, stay, true, "With several workers: each stays on CPUs of its own.");
ABSL_FLAG(int, threads, 0, "Threads that compute; 0: one for each CPU.");

namespace attnd {
namespace {

constexpr DataType kTypes[] = {DataType::kFloat32, DataType::kBfloat16, DataType::kInt8};

// What is quick is done again until this much time has passed.
constexpr double kMinSeconds = 0.1;

double SecondsOf(const Case& measured) {
  const auto started_at = std::chrono::steady_clock::now();
  for (int count = 1;; ++count) {
    measured.run();
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started_at;
    if (elapsed.count() >= kMinSeconds) return elapsed.count() / count;
  }
}

Measurement Measure(const Case& measured, ThreadTeam& team) {
  std::vector<double> seconds;
  std::vector<double> of_peak;
  std::vector<double> of_roofline;
  measured.run();
  for (int i = 0; i < absl::GetFlag(FLAGS_repetitions); ++i) {
    const double peak_before = MeasurePeak(measured.work.type, team);
    const double bandwidth = MeasureReadBandwidth(team);
    const double elapsed = SecondsOf(measured);
    const double peak = std::max(peak_before, MeasurePeak(measured.work.type, team));
    seconds.push_back(elapsed);
    of_peak.push_back(measured.work.flops / elapsed / peak);
    of_roofline.push_back(std::max(measured.work.flops / peak, measured.work.weight_bytes / bandwidth) / elapsed);
  }
  Measurement measurement{.work = measured.work,
                          .seconds = Median(seconds),
                          .of_peak = Median(of_peak),
                          .of_roofline = Median(of_roofline)};
  measurement.gflops = measured.work.flops / measurement.seconds / 1e9;
  return measurement;
}

void PrintMachine(ThreadTeam& team) {
  const CpuDescription& cpu = DescribeCpu();
  std::vector<double> bandwidths;
  std::printf("oneDNN %s (%s), Highway %s, %d threads\n", cpu.onednn_version.c_str(), cpu.isa.c_str(),
              cpu.vector_target.c_str(), team.thread_count());
  for (const DataType type : kTypes) {
    std::vector<double> peaks;
    for (int i = 0; i < absl::GetFlag(FLAGS_repetitions); ++i) peaks.push_back(MeasurePeak(type, team) / 1e9);
    std::printf("peak %-5s %8.1f GFLOP/s\n", std::string(DataTypeName(type)).c_str(), Median(peaks));
  }
  for (int i = 0; i < absl::GetFlag(FLAGS_repetitions); ++i) bandwidths.push_back(MeasureReadBandwidth(team) / 1e9);
  std::printf("memory read %6.1f GB/s\n\n%s\n", Median(bandwidths), TableHeading().c_str());
  std::fflush(stdout);
}

bool IsWanted(absl::string_view title) { return absl::StrContains(title, absl::GetFlag(FLAGS_filter)); }

absl::StatusOr<std::vector<TextMeasurement>> MeasureTexts() {
  const auto tokenizer = LoadTokenizer(absl::GetFlag(FLAGS_tokenizer));
  if (!tokenizer.ok()) return tokenizer.status();
  const auto cases = TextCases();
  if (!cases.ok()) return cases.status();
  std::vector<TextMeasurement> measurements;
  for (const TextCase& text : *cases) {
    if (!IsWanted(text.name)) continue;
    if (measurements.empty()) std::puts(TextHeading().c_str());
    measurements.push_back(MeasureText(text, *tokenizer, absl::GetFlag(FLAGS_repetitions)));
    std::puts(TextLine(measurements.back()).c_str());
    std::fflush(stdout);
  }
  return measurements;
}

void MeasureAll(const std::vector<Case>& cases, ThreadTeam& team, std::vector<Measurement>& measurements) {
  for (const Case& measured : cases) {
    if (!IsWanted(absl::StrCat(measured.work.name, " ", measured.work.batch))) continue;
    measurements.push_back(Measure(measured, team));
    std::puts(TableLine(measurements.back()).c_str());
    std::fflush(stdout);
  }
}

int ThreadCount() {
  const int wanted = absl::GetFlag(FLAGS_threads);
  return wanted > 0 ? wanted : static_cast<int>(std::thread::hardware_concurrency());
}

std::vector<CpuShare> Shares() {
  const std::vector<int> cpus = absl::GetFlag(FLAGS_stay) ? AllowedCpus() : std::vector<int>();
  return DivideCpus(cpus, ThreadCount(), std::clamp(absl::GetFlag(FLAGS_workers), 1, ThreadCount()));
}

absl::Status Write(const std::vector<Measurement>& measurements, const std::vector<TextMeasurement>& texts) {
  const std::string path = absl::GetFlag(FLAGS_json);
  return path.empty() ? absl::OkStatus() : WriteJson(measurements, texts, path);
}

// Those to measure.
absl::StatusOr<std::vector<DataType>> Types() {
  const std::string dtype = absl::GetFlag(FLAGS_dtype);
  if (dtype.empty()) return std::vector<DataType>(std::begin(kTypes), std::end(kTypes));
  const auto type = ParseDataType(dtype);
  if (!type.ok()) return type.status();
  return std::vector<DataType>{*type};
}

absl::Status Run() {
  const auto types = Types();
  if (!types.ok()) return types.status();
  if (absl::GetFlag(FLAGS_repetitions) < 1) return absl::InvalidArgumentError("--repetitions must be at least 1");
  const auto texts = MeasureTexts();
  if (!texts.ok()) return texts.status();
  // A filter that names text names nothing else.
  if (!texts->empty() && !absl::GetFlag(FLAGS_filter).empty()) return Write({}, *texts);
  ThreadTeam team(ThreadCount());
  PrintMachine(team);
  std::vector<Measurement> measurements;
  for (const DataType type : *types) {
    MeasureAll(OperatorCases(type, team), team, measurements);
    auto weights = SeededWeights::Create(ModelConfig(), /*seed=*/0);
    if (!weights.ok()) return weights.status();
    auto packed = ModelWeights::Load(**weights, type);
    if (!packed.ok()) return packed.status();
    auto workers = Workers::Create(*std::move(packed), Shares(), /*max_batch_tokens=*/4096);
    if (!workers.ok()) return workers.status();
    weights->reset();
    MeasureAll(ForwardCases(*workers), team, measurements);
  }
  if (measurements.empty() && texts->empty()) {
    return absl::NotFoundError(
        absl::StrCat("nothing has '", absl::GetFlag(FLAGS_filter), "' in its title and the type of --dtype"));
  }
  return Write(measurements, *texts);
}

}  // namespace
}  // namespace attnd

int main(int argc, char** argv) {
  absl::Status status = attnd::ParseBenchmarkFlags(
      argc, argv, "Measures the engine and the machine it runs on. Compare only within one run.",
      "tests/bench/main.cc");
  if (status.ok()) status = attnd::Run();
  if (status.ok()) return 0;
  std::fprintf(stderr, "engine_benchmark: %s\n", status.ToString().c_str());
  return 1;
}
