// attnd-load: puts load on an attnd server and measures how it copes.

#include <cstddef>
#include <filesystem>
#include <iostream>
#include <optional>
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

absl::Status Print(const std::string& text) {
  std::cout << text << std::flush;
  return std::cout.good() ? absl::OkStatus() : absl::UnavailableError("standard output cannot be written");
}

// A file that appears whole or not at all; none where there is no path.
class Report {
 public:
  // Before there is anything to write, so that a load is not made in vain for a path that nothing can be written to.
  static absl::StatusOr<Report> Create(const std::string& path) {
    if (path.empty()) return Report(std::nullopt);
    absl::StatusOr<StagedFile> file = StagedFile::Create(path, ExistingTarget::kReplace);
    if (!file.ok()) return file.status();
    return Report(*std::move(file));
  }

  // Call once.
  absl::Status Write(const std::string& text) {
    if (!file_.has_value()) return absl::OkStatus();
    if (absl::Status status = file_->file().Write(text); !status.ok()) return status;
    return file_->Commit();
  }

 private:
  explicit Report(std::optional<StagedFile> file) : file_(std::move(file)) {}

  std::optional<StagedFile> file_;
};

ExitCode RunLoadCommand(const CommandLine& command_line) {
  const absl::StatusOr<LoadFlags> flags = LoadFlagsOf(command_line);
  if (!flags.ok()) return Fail(kWrongUsage, flags.status());
  const bool json_out = flags->reports.json == "-";
  absl::StatusOr<Report> json = Report::Create(json_out ? "" : flags->reports.json);
  if (!json.ok()) return Fail(kWrongUsage, json.status());
  absl::StatusOr<Report> csv = Report::Create(flags->reports.csv);
  if (!csv.ok()) return Fail(kWrongUsage, csv.status());
  absl::StatusOr<Report> html = Report::Create(flags->reports.html);
  if (!html.ok()) return Fail(kWrongUsage, html.status());
  const absl::StatusOr<LoadRecord> record = MakeLoad(*flags, StopOnSignal());
  if (!record.ok()) return Fail(kNothingSucceeded, record.status());
  absl::Status written = Print(json_out ? LoadRecordJson(*record) : ReportTable(*record));
  written.Update(json->Write(LoadRecordJson(*record)));
  written.Update(csv->Write(ReportCsv(*record)));
  written.Update(html->Write(HtmlReport(*record)));
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
  absl::StatusOr<Report> html = Report::Create(files->html);
  if (!html.ok()) return Fail(kWrongUsage, html.status());
  const NamedRecord first = {NameOf(before_path, after_path), &*before};
  const NamedRecord second = {NameOf(after_path, before_path), &*after};
  absl::Status written = Print(ComparisonTable(first, second));
  written.Update(html->Write(HtmlComparison(first, second)));
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
