// attnd-load: puts load on an attnd server and measures how it copes.

#include <cstddef>
#include <filesystem>
#include <iostream>
#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "client/command_line.h"
#include "client/interrupt.h"
#include "client/load/comparison.h"
#include "client/load/html_report.h"
#include "client/load/load_flags.h"
#include "client/load/load_record_json.h"
#include "client/load/load_session.h"
#include "client/load/report.h"
#include "client/load/usage.h"
#include "client/read_file.h"
#include "engine/files/staged_file.h"

namespace attnd::client {
namespace {

enum ExitCode { kSuccess = 0, kNothingSucceeded = 1, kWrongUsage = 2 };

ExitCode Fail(ExitCode code, const absl::Status& status) {
  if (code == kWrongUsage) {
    std::cerr << "attnd-load: " << status.message() << "\nattnd-load --help shows what there is.\n";
  } else {
    std::cerr << "attnd-load: " << status << "\n";
  }
  return code;
}

// Whole or not at all; nothing where there is no path.
absl::Status WriteWhole(const std::string& path, const std::string& text) {
  if (path.empty()) return absl::OkStatus();
  absl::StatusOr<StagedFile> file = StagedFile::Create(path, ExistingTarget::kReplace);
  if (!file.ok()) return file.status();
  if (absl::Status status = file->file().Write(text); !status.ok()) return status;
  return file->Commit();
}

absl::Status WriteReports(const LoadRecord& record, const ReportFiles& files) {
  const bool json_out = files.json == "-";
  std::cout << (json_out ? LoadRecordJson(record) : ReportTable(record)) << std::flush;
  absl::Status status = WriteWhole(json_out ? "" : files.json, LoadRecordJson(record));
  status.Update(WriteWhole(files.csv, ReportCsv(record)));
  status.Update(WriteWhole(files.html, HtmlReport(record)));
  return status;
}

ExitCode RunLoadCommand(const CommandLine& command_line) {
  const absl::StatusOr<LoadFlags> flags = LoadFlagsOf(command_line);
  if (!flags.ok()) return Fail(kWrongUsage, flags.status());
  const absl::StatusOr<LoadRecord> record = MakeLoad(*flags, StopOnSignal());
  if (!record.ok()) return Fail(kNothingSucceeded, record.status());
  const absl::Status written = WriteReports(*record, flags->reports);
  if (!written.ok()) return Fail(kNothingSucceeded, written);
  return absl::c_any_of(record->points, [](const LoadPoint& point) { return point.ok > 0; }) ? kSuccess
                                                                                             : kNothingSucceeded;
}

absl::StatusOr<LoadRecord> ReadRecord(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadFile(path);
  if (!text.ok()) return text.status();
  return ParseLoadRecord(*text, path);
}

// Without its folder, where that tells it from the other.
std::string NameOf(const std::string& path, const std::string& other) {
  const std::string name = std::filesystem::path(path).filename();
  return name == std::filesystem::path(other).filename() ? path : name;
}

ExitCode RunCompareCommand(const CommandLine& command_line) {
  const absl::StatusOr<ReportFiles> files = ComparisonFlagsOf(command_line);
  if (!files.ok()) return Fail(kWrongUsage, files.status());
  const std::string& before_path = command_line.positional[1];
  const std::string& after_path = command_line.positional[2];
  const absl::StatusOr<LoadRecord> before = ReadRecord(before_path);
  if (!before.ok()) return Fail(kNothingSucceeded, before.status());
  const absl::StatusOr<LoadRecord> after = ReadRecord(after_path);
  if (!after.ok()) return Fail(kNothingSucceeded, after.status());
  const NamedRecord first = {NameOf(before_path, after_path), &*before};
  const NamedRecord second = {NameOf(after_path, before_path), &*after};
  std::cout << ComparisonTable(first, second) << std::flush;
  const absl::Status written = WriteWhole(files->html, HtmlComparison(first, second));
  return written.ok() ? kSuccess : Fail(kNothingSucceeded, written);
}

ExitCode Main(absl::Span<char* const> arguments) {
  const absl::StatusOr<CommandLine> command_line = ParseCommandLine(arguments);
  if (!command_line.ok()) return Fail(kWrongUsage, command_line.status());
  if (command_line->help || arguments.size() == 1) {
    std::cout << AttndLoadUsage();
    return kSuccess;
  }
  const bool compare = !command_line->positional.empty() && command_line->positional[0] == "compare";
  return compare ? RunCompareCommand(*command_line) : RunLoadCommand(*command_line);
}

}  // namespace
}  // namespace attnd::client

int main(int argc, char** argv) {
  // Debian compiles Abseil with its search for deadlocks, which looks at every lock of gRPC's.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  return attnd::client::Main(absl::MakeConstSpan(argv, static_cast<size_t>(argc)));
}
