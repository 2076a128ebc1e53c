#include "client/load/load_record_json.h"

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/files/json.h"
#include "nlohmann/json.hpp"

namespace attnd::client {
namespace {

using ::nlohmann::json;
using ::nlohmann::ordered_json;

// More than a sweep of a hundred steps with a day of samples has.
constexpr int64_t kMostValues = 2'000'000;

ordered_json LatenciesJson(const Latencies& latencies) {
  ordered_json object = ordered_json::object();
  for (size_t i = 0; i < kPercents.size(); ++i) object[std::string(kPercentNames[i])] = latencies.percentiles[i];
  object["max"] = latencies.max;
  return object;
}

void AddPoint(const LoadPoint& point, ordered_json& object) {
  object["offered_per_second"] = point.offered_per_second;
  object["due_per_second"] = point.due_per_second;
  object["elapsed_seconds"] = point.elapsed_seconds;
  object["sent"] = point.sent;
  object["not_sent"] = point.not_sent;
  object["ok"] = point.ok;
  object["ok_in_time"] = point.ok_in_time;
  object["ok_per_second"] = point.ok_per_second();
  object["ok_tokens"] = point.ok_tokens;
  object["ok_tokens_per_second"] = point.ok_tokens_per_second();
  object["latency_ms"] = LatenciesJson(point.latency);
  object["queue_ms"] = LatenciesJson(point.queue);
  object["compute_ms"] = LatenciesJson(point.compute);
  object["calls_by_code"] = point.calls_by_code;
}

ordered_json SampleJson(const ServerSample& sample) {
  return {{"seconds", sample.seconds},
          {"batches_per_second", sample.batches_per_second},
          {"mean_batch_tokens", sample.mean_batch_tokens},
          {"mean_batch_requests", sample.mean_batch_requests},
          {"mean_queue_ms", sample.mean_queue_ms},
          {"p99_queue_ms", sample.p99_queue_ms},
          {"queue_requests", sample.queue_requests}};
}

// Takes values out of JSON, and keeps the first error.
class Reader {
 public:
  explicit Reader(absl::string_view what) : what_(what) {}

  double Number(const json& object, const char* name) {
    const json* const value = Find(object, name, &json::is_number, "number");
    return value != nullptr ? value->get<double>() : 0;
  }

  int64_t Count(const json& object, const char* name) {
    const double number = Number(object, name);
    if (!(number >= 0 && number <= 9e15)) return Fail(name, "count"), 0;
    return static_cast<int64_t>(number);
  }

  uint64_t Unsigned(const json& object, const char* name) {
    const json* const value = Find(object, name, &json::is_number_unsigned, "number from 0 on");
    return value != nullptr ? value->get<uint64_t>() : 0;
  }

  std::string Text(const json& object, const char* name) {
    const json* const value = Find(object, name, &json::is_string, "string");
    return value != nullptr ? value->get<std::string>() : std::string();
  }

  // An empty one where there is none of the kind.
  const json& Object(const json& object, const char* name) { return FindOr(object, name, &json::is_object, "object"); }
  const json& Array(const json& object, const char* name) { return FindOr(object, name, &json::is_array, "array"); }

  const absl::Status& status() const { return status_; }

 private:
  using Is = bool (json::*)() const noexcept;

  const json& FindOr(const json& object, const char* name, Is is, absl::string_view kind) {
    static const json* const nothing = new json();
    const json* const value = Find(object, name, is, kind);
    return value != nullptr ? *value : *nothing;
  }

  const json* Find(const json& object, const char* name, Is is, absl::string_view kind) {
    const auto found = object.find(name);
    if (found != object.end() && ((*found).*is)()) return &*found;
    Fail(name, kind);
    return nullptr;
  }

  void Fail(absl::string_view name, absl::string_view kind) {
    status_.Update(
        absl::DataLossError(absl::StrCat(what_, " is no report of attnd-load: it has no ", kind, " '", name, "'")));
  }

  const absl::string_view what_;
  absl::Status status_;
};

Latencies ReadLatencies(const json& object, Reader& reader) {
  Latencies latencies;
  for (size_t i = 0; i < kPercents.size(); ++i) {
    latencies.percentiles[i] = reader.Number(object, std::string(kPercentNames[i]).c_str());
  }
  latencies.max = reader.Number(object, "max");
  return latencies;
}

LoadPoint ReadPoint(const json& object, Reader& reader) {
  LoadPoint point = {.offered_per_second = reader.Number(object, "offered_per_second"),
                     .due_per_second = reader.Number(object, "due_per_second"),
                     .elapsed_seconds = reader.Number(object, "elapsed_seconds"),
                     .sent = reader.Count(object, "sent"),
                     .not_sent = reader.Count(object, "not_sent"),
                     .ok = reader.Count(object, "ok"),
                     .ok_in_time = reader.Count(object, "ok_in_time"),
                     .ok_tokens = reader.Count(object, "ok_tokens"),
                     .latency = ReadLatencies(reader.Object(object, "latency_ms"), reader),
                     .queue = ReadLatencies(reader.Object(object, "queue_ms"), reader),
                     .compute = ReadLatencies(reader.Object(object, "compute_ms"), reader),
                     .calls_by_code = {}};
  const json& codes = reader.Object(object, "calls_by_code");
  for (const auto& [code, calls] : codes.items()) point.calls_by_code[code] = reader.Count(codes, code.c_str());
  return point;
}

ServerSample ReadSample(const json& object, Reader& reader) {
  return {.seconds = reader.Number(object, "seconds"),
          .batches_per_second = reader.Number(object, "batches_per_second"),
          .mean_batch_tokens = reader.Number(object, "mean_batch_tokens"),
          .mean_batch_requests = reader.Number(object, "mean_batch_requests"),
          .mean_queue_ms = reader.Number(object, "mean_queue_ms"),
          .p99_queue_ms = reader.Number(object, "p99_queue_ms"),
          .queue_requests = reader.Number(object, "queue_requests")};
}

LoadDescription ReadDescription(const json& object, Reader& reader) {
  return {.server = reader.Text(object, "server"),
          .model = reader.Text(object, "model"),
          .method = reader.Text(object, "method"),
          .loop = reader.Text(object, "loop"),
          .length = reader.Text(object, "length"),
          .inputs_per_request = reader.Count(object, "inputs_per_request"),
          .seed = reader.Unsigned(object, "seed"),
          .started = reader.Text(object, "started")};
}

}  // namespace

std::string LoadRecordJson(const LoadRecord& record) {
  const LoadDescription& description = record.description;
  ordered_json object = {{"server", description.server}, {"model", description.model},
                         {"method", description.method}, {"loop", description.loop},
                         {"length", description.length}, {"inputs_per_request", description.inputs_per_request},
                         {"seed", description.seed},     {"started", description.started}};
  if (record.is_sweep()) {
    object["knee"] = {{"offered_per_second", record.knee->offered_per_second}, {"reason", record.knee->reason}};
    object["points"] = ordered_json::array();
    for (const LoadPoint& point : record.points) AddPoint(point, object["points"].emplace_back(ordered_json::object()));
  } else {
    AddPoint(record.main_point(), object);
  }
  object["server_samples"] = ordered_json::array();
  for (const ServerSample& sample : record.samples) object["server_samples"].push_back(SampleJson(sample));
  return object.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

absl::StatusOr<LoadRecord> ParseLoadRecord(absl::string_view text, absl::string_view what) {
  const absl::StatusOr<json> object = ParseJsonObject(text, what, kMostValues);
  if (!object.ok()) return object.status();
  Reader reader(what);
  LoadRecord record = {.description = ReadDescription(*object, reader), .points = {}, .knee = {}, .samples = {}};
  if (object->contains("points")) {
    for (const json& point : reader.Array(*object, "points")) record.points.push_back(ReadPoint(point, reader));
    const json& knee = reader.Object(*object, "knee");
    record.knee = Knee{reader.Number(knee, "offered_per_second"), reader.Text(knee, "reason")};
  } else {
    record.points.push_back(ReadPoint(*object, reader));
  }
  for (const json& sample : reader.Array(*object, "server_samples")) {
    record.samples.push_back(ReadSample(sample, reader));
  }
  if (!reader.status().ok()) return reader.status();
  if (record.points.empty()) return absl::DataLossError(absl::StrCat(what, " has no points"));
  return record;
}

}  // namespace attnd::client
