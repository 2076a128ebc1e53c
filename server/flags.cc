#include "server/flags.h"

#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/flags/usage_config.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/ops/cpu.h"
#include "server/cpu_count.h"
#include "server/flag_checker.h"
#include "server/version.h"

ABSL_FLAG(std::string, address, "127.0.0.1:50051",
          "Host and port to serve gRPC on; port 0 picks a free one. 0.0.0.0 serves every network this machine is in.");
ABSL_FLAG(std::string, metrics_address, "127.0.0.1:9464",
          "Host and port to serve Prometheus metrics on, at /metrics; port 0 picks a free one.");
ABSL_FLAG(
    std::string, admin_address, "",
    "Host and port, or unix:PATH, to serve AdminService on, for attndctl reload. Whoever reaches it may use it: choose "
    "a loopback address or a socket. Default: nowhere.");
ABSL_FLAG(std::string, model, "",
          "Folder of a Hugging Face GPT-2 checkpoint: config.json and model.safetensors or shards. Without it: 16 "
          "layers of 768 channels with weights drawn from --seed, for trials and load tests.");
ABSL_FLAG(
    std::string, log_format, "text",
    "What standard error gets. text: Abseil's lines. json: one object a line. Calls that fail are logged in both.");
ABSL_FLAG(std::string, model_name, "", "Name of the model in GetModel and in metrics. Default: the folder's name.");
ABSL_FLAG(std::string, model_root, "",
          "Folder in or below which callers of AdminService may name models to load. Default: they may name none.");
ABSL_FLAG(uint64_t, seed, 0, "Seed of the weights when there is no --model.");
ABSL_FLAG(int64_t, layers, 0,
          "Layers to serve the model with: new ones are added that change nothing it computes. 0: those it has.");
ABSL_FLAG(std::string, new_layers, "end", "Where --layers adds them. end: behind all others. spread: among them.");
ABSL_FLAG(std::string, dtype, "f32",
          "Type of the layers' weights. f32: as exact as the checkpoint. bf16: half the memory, cosine to f32 above "
          "0.9998. int8: a quarter, above 0.999. auto: bf16 where this CPU multiplies it, else f32.");
ABSL_FLAG(int32_t, threads, 0,
          "Threads that compute. 0: one for each CPU this process may use, cgroup limits included.");
ABSL_FLAG(int32_t, engine_workers, 1,
          "Batches computed side by side, at most one for each of --threads: each by an engine that has its share of "
          "them and, where there are enough, CPUs of its own.");
ABSL_FLAG(int64_t, max_batch_tokens, 2048,
          "Tokens computed together, in one batch. At least the model's context length. More gains no throughput and "
          "costs latency.");
ABSL_FLAG(int64_t, max_batch_requests, 256, "Calls with inputs in one batch.");
ABSL_FLAG(int64_t, max_queue_delay_us, 0,
          "Microseconds that a batch with room may wait for more calls, from the arrival of its first. 0: a batch is "
          "computed as soon as the engine is free, and fills while the one before is computed.");
ABSL_FLAG(int64_t, priority_ageing_ms, 5000,
          "Milliseconds after which a call that waits rises by one priority, and again after as many.");
ABSL_FLAG(int64_t, max_request_tokens, 16384, "Tokens in one call, all inputs together.");
ABSL_FLAG(int64_t, max_request_inputs, 1024, "Inputs in one call.");
ABSL_FLAG(int64_t, max_queue_requests, 1024, "Calls that may wait; one more gets RESOURCE_EXHAUSTED.");
ABSL_FLAG(int64_t, max_queue_tokens, 65536, "Tokens that may wait; a call beyond them gets RESOURCE_EXHAUSTED.");
ABSL_FLAG(int64_t, max_request_bytes, int64_t{64} << 20, "Bytes of one serialised request.");
ABSL_FLAG(int64_t, max_reply_bytes, int64_t{64} << 20,
          "Bytes of one serialised reply; a call that would need more is refused before it is computed.");
ABSL_FLAG(int64_t, max_chunked_reply_bytes, int64_t{512} << 20,
          "Bytes of the reply to one item of a ForwardStream that asks for chunks.");
ABSL_FLAG(int64_t, max_request_text_bytes, int64_t{4} << 20, "Bytes of text in one call, all inputs together.");
ABSL_FLAG(int64_t, max_stream_items, 256,
          "Items of one stream that the server holds: read, and their replies not yet read by the client. It reads no "
          "more until one is answered.");
ABSL_FLAG(int64_t, max_top_k, 1024, "Likeliest tokens that a call may ask for at each position.");
ABSL_FLAG(int64_t, max_pending_reply_bytes, int64_t{1} << 30,
          "Bytes of the replies of accepted calls, until their callers have read them; a call beyond them gets "
          "RESOURCE_EXHAUSTED.");
ABSL_FLAG(int64_t, engine_heartbeat_timeout_s, 30,
          "Seconds that one batch may be computed for; health says NOT_SERVING while one takes longer.");
ABSL_FLAG(int64_t, drain_delay_ms, 0,
          "Milliseconds to keep accepting calls after SIGTERM while health says NOT_SERVING, for load balancers to "
          "notice.");
ABSL_FLAG(int64_t, drain_timeout_ms, 30000, "Milliseconds to finish accepted calls after that.");

namespace attnd {
namespace {

// gRPC and Protocol Buffers count message bytes in 31 bits.
constexpr int64_t kMaxMessageBytes = (int64_t{1} << 31) - 1;
constexpr int64_t kMaxCount = int64_t{1} << 30;
constexpr int64_t kMaxPendingBytes = int64_t{1} << 50;
constexpr int64_t kMaxSeconds = int64_t{24} * 3600;
constexpr int64_t kMaxMilliseconds = kMaxSeconds * 1000;
// A minute: longer than anybody waits for a batch to fill.
constexpr int64_t kMaxDelayUs = int64_t{60} * 1000 * 1000;
constexpr int64_t kMaxThreads = 1024;
constexpr int64_t kMaxLayers = 1024;

absl::StatusOr<LogFormat> ParseLogFormat(const std::string& name) {
  if (name == "text") return LogFormat::kText;
  if (name == "json") return LogFormat::kJson;
  return absl::InvalidArgumentError(absl::StrCat("--log_format=", name, ", must be text or json"));
}

absl::StatusOr<DataType> ParseDataType(const std::string& name) {
  if (name == "auto") return MultipliesBfloat16() ? DataType::kBfloat16 : DataType::kFloat32;
  for (const DataType type : {DataType::kFloat32, DataType::kBfloat16, DataType::kInt8}) {
    if (name == DataTypeName(type)) return type;
  }
  return absl::InvalidArgumentError(absl::StrCat("--dtype=", name, ", must be auto, f32, bf16 or int8"));
}

std::vector<CpuShare> WorkersFromFlags(FlagChecker& check) {
  auto threads = static_cast<int>(check.CheckRange("threads", absl::GetFlag(FLAGS_threads), 0, kMaxThreads));
  if (threads == 0) threads = UsableCpuCount();
  // Each has a thread at least.
  const auto workers =
      static_cast<int>(check.CheckRange("engine_workers", absl::GetFlag(FLAGS_engine_workers), 1, threads));
  if (!check.status().ok()) return {};
  return DivideCpus(AllowedCpus(), threads, workers);
}

absl::StatusOr<NewLayers> ParseNewLayers(const std::string& name) {
  if (name == "end") return NewLayers::kEnd;
  if (name == "spread") return NewLayers::kSpread;
  return absl::InvalidArgumentError(absl::StrCat("--new_layers=", name, ", must be end or spread"));
}

void ConfigureUsage() {
  absl::SetProgramUsageMessage(
      "Serves a GPT-2-style decoder stack over gRPC.\n\n"
      "  attnd --model=DIR          a Hugging Face GPT-2 folder\n"
      "  attnd                      seeded weights, for trials\n\n"
      "Listens at once; prints 'attnd ready: grpc HOST:PORT, metrics HOST:PORT' once the model is loaded and it "
      "serves.\n"
      "SIGTERM or SIGINT: finishes what it has accepted and exits 0, at once while it loads the model; a second one "
      "ends\n"
      "it at once with 130. SIGHUP: loads the model again, or what lies there now, and serves that. Call it with "
      "attndctl, load it with attnd-load.");
  absl::FlagsUsageConfig config;
  const auto is_ours = [](absl::string_view file) {
    return absl::EndsWith(file, "server/flags.cc") || absl::EndsWith(file, "server/security_flags.cc");
  };
  config.contains_help_flags = is_ours;
  config.contains_helpshort_flags = is_ours;
  config.version_string = [] { return absl::StrCat("attnd ", kVersion, "\n"); };
  absl::SetFlagsUsageConfig(config);
}

}  // namespace

absl::StatusOr<ServerFlags> ParseFlags(int argc, char** argv) {
  ConfigureUsage();
  const std::vector<char*> positional = absl::ParseCommandLine(argc, argv);
  if (positional.size() > 1) {
    return absl::InvalidArgumentError(absl::StrCat("unexpected argument '", positional[1], "'; flags begin with --"));
  }
  FlagChecker check;
  ServerFlags flags;
  flags.address = check.CheckAddress("address", absl::GetFlag(FLAGS_address));
  flags.metrics_address = check.CheckAddress("metrics_address", absl::GetFlag(FLAGS_metrics_address));
  flags.admin_address = absl::GetFlag(FLAGS_admin_address);
  const bool admin_has_port = !flags.admin_address.empty() && !absl::StartsWith(flags.admin_address, "unix:");
  if (admin_has_port) check.CheckAddress("admin_address", flags.admin_address);
  flags.model_root = absl::GetFlag(FLAGS_model_root);
  flags.model = absl::GetFlag(FLAGS_model);
  flags.model_name = absl::GetFlag(FLAGS_model_name);
  flags.seed = absl::GetFlag(FLAGS_seed);
  const auto log_format = ParseLogFormat(absl::GetFlag(FLAGS_log_format));
  if (!log_format.ok()) return log_format.status();
  flags.log_format = *log_format;
  flags.layer_count = check.CheckRange("layers", absl::GetFlag(FLAGS_layers), 0, kMaxLayers);
  const auto new_layers = ParseNewLayers(absl::GetFlag(FLAGS_new_layers));
  if (!new_layers.ok()) return new_layers.status();
  flags.new_layers = *new_layers;
  const auto data_type = ParseDataType(absl::GetFlag(FLAGS_dtype));
  if (!data_type.ok()) return data_type.status();
  flags.data_type = *data_type;
  flags.workers = WorkersFromFlags(check);
  flags.call_limits = {
      .max_request_inputs =
          check.CheckRange("max_request_inputs", absl::GetFlag(FLAGS_max_request_inputs), 1, kMaxCount),
      .max_request_tokens =
          check.CheckRange("max_request_tokens", absl::GetFlag(FLAGS_max_request_tokens), 1, kMaxCount),
      .max_request_bytes =
          check.CheckRange("max_request_bytes", absl::GetFlag(FLAGS_max_request_bytes), 1, kMaxMessageBytes),
      .max_reply_bytes = check.CheckRange("max_reply_bytes", absl::GetFlag(FLAGS_max_reply_bytes), 1, kMaxMessageBytes),
      .max_request_text_bytes =
          check.CheckRange("max_request_text_bytes", absl::GetFlag(FLAGS_max_request_text_bytes), 1, kMaxMessageBytes),
      .max_stream_items = check.CheckRange("max_stream_items", absl::GetFlag(FLAGS_max_stream_items), 1, kMaxCount),
      .max_top_k = check.CheckRange("max_top_k", absl::GetFlag(FLAGS_max_top_k), 1, kMaxCount),
      .max_chunked_reply_bytes = check.CheckRange("max_chunked_reply_bytes",
                                                  absl::GetFlag(FLAGS_max_chunked_reply_bytes), 1, kMaxPendingBytes),
  };
  flags.scheduler_limits = {
      .max_requests = check.CheckRange("max_queue_requests", absl::GetFlag(FLAGS_max_queue_requests), 1, kMaxCount),
      .max_tokens = check.CheckRange("max_queue_tokens", absl::GetFlag(FLAGS_max_queue_tokens), 1, kMaxCount),
      .max_pending_reply_bytes = check.CheckRange("max_pending_reply_bytes",
                                                  absl::GetFlag(FLAGS_max_pending_reply_bytes), 1, kMaxPendingBytes),
      .max_batch_tokens = check.CheckRange("max_batch_tokens", absl::GetFlag(FLAGS_max_batch_tokens), 1, kMaxCount),
      .max_batch_requests =
          check.CheckRange("max_batch_requests", absl::GetFlag(FLAGS_max_batch_requests), 1, kMaxCount),
      .max_queue_delay = absl::Microseconds(
          check.CheckRange("max_queue_delay_us", absl::GetFlag(FLAGS_max_queue_delay_us), 0, kMaxDelayUs)),
      .priority_ageing = absl::Milliseconds(
          check.CheckRange("priority_ageing_ms", absl::GetFlag(FLAGS_priority_ageing_ms), 1, kMaxMilliseconds)),
  };
  flags.engine_heartbeat_timeout = absl::Seconds(
      check.CheckRange("engine_heartbeat_timeout_s", absl::GetFlag(FLAGS_engine_heartbeat_timeout_s), 1, kMaxSeconds));
  flags.drain_delay =
      absl::Milliseconds(check.CheckRange("drain_delay_ms", absl::GetFlag(FLAGS_drain_delay_ms), 0, kMaxMilliseconds));
  flags.drain_timeout = absl::Milliseconds(
      check.CheckRange("drain_timeout_ms", absl::GetFlag(FLAGS_drain_timeout_ms), 0, kMaxMilliseconds));
  flags.security = SecurityFromFlags(flags.call_limits.max_request_bytes, check);
  if (!check.status().ok()) return check.status();
  return flags;
}

}  // namespace attnd
