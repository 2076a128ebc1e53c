// The server's command line.

#ifndef SERVER_FLAGS_H_
#define SERVER_FLAGS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/checkpoint/grow_layers.h"
#include "engine/ops/cpu_shares.h"
#include "engine/tensor/data_type.h"
#include "server/logging/logging.h"
#include "server/rpc/call_limits.h"
#include "server/scheduling/limits.h"
#include "server/security_flags.h"

namespace attnd {

struct ServerFlags {
  std::string address;
  std::string metrics_address;
  std::string admin_address;  // empty for none
  std::string model;          // a folder; empty for seeded weights
  std::string model_name;
  std::string model_root;  // empty: clients may name no folder
  LogFormat log_format = LogFormat::kText;
  uint64_t seed = 0;
  int64_t layer_count = 0;  // 0: as many as the model has
  NewLayers new_layers = NewLayers::kEnd;
  DataType data_type = DataType::kFloat32;
  std::vector<CpuShare> workers;  // engines, and what each computes on
  CallLimits call_limits;
  SchedulerLimits scheduler_limits;
  absl::Duration engine_heartbeat_timeout;
  absl::Duration drain_delay;
  absl::Duration drain_timeout;
  SecurityFlags security;
};

// Reads the command line; --help and --version print and exit, as does an unknown flag. INVALID_ARGUMENT names the
// flag, its value and its range.
absl::StatusOr<ServerFlags> ParseFlags(int argc, char** argv);

}  // namespace attnd

#endif  // SERVER_FLAGS_H_
