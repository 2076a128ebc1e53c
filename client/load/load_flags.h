// The command line of attnd-load.

#ifndef CLIENT_LOAD_LOAD_FLAGS_H_
#define CLIENT_LOAD_LOAD_FLAGS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/client_options.h"
#include "client/command_line.h"
#include "client/http_get.h"
#include "client/load/load_run.h"
#include "client/load/sweep.h"
#include "client/load/workload.h"

namespace attnd::client {

// Where reports go besides; empty: nowhere. "-" of `json`: standard output, in place of the table.
struct ReportFiles {
  std::string json;
  std::string csv;
  std::string html;
};

// What to do.
struct LoadFlags {
  std::string servers;  // as they were given
  ClientOptions connection;
  int64_t channels = 1;
  std::string method;
  WorkloadOptions workload;
  std::string length;  // as it was given
  // The load, or the shape of each step of a sweep, whose first step is the plan's where one is given.
  LoadPlan plan;
  std::optional<SweepOptions> sweep;
  bool sweep_starts_by_itself = false;
  std::vector<HttpUrl> metrics_urls;
  absl::Duration metrics_interval;
  ReportFiles reports;
};

// Reads the flags, once the command line is parsed, and the files they name. Errors: INVALID_ARGUMENT for flags out of
// their range or that do not go together; those of ConnectionFromFlags.
absl::StatusOr<LoadFlags> LoadFlagsOf(const CommandLine& command_line);

// `compare BEFORE.json AFTER.json [--html=PATH]`. Errors: INVALID_ARGUMENT for anything else.
absl::StatusOr<ReportFiles> ComparisonFlagsOf(const CommandLine& command_line);

}  // namespace attnd::client

#endif  // CLIENT_LOAD_LOAD_FLAGS_H_
