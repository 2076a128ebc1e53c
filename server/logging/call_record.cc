#include "server/logging/call_record.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"
#include "server/logging/json_line.h"

namespace attnd {
namespace {

constexpr const char* kStageNames[] = {"authenticate", "decode", "queue", "compute", "reply"};

const char* StageName(Stage stage) { return kStageNames[static_cast<int>(stage)]; }

}  // namespace

std::string FormatText(const CallRecord& record) {
  std::string line = absl::StrCat("call failed: request_id=", record.request_id, " method=", record.method);
  if (record.item_id) absl::StrAppend(&line, " item_id=", *record.item_id);
  absl::StrAppend(&line, " stage=", StageName(record.stage), " code=", absl::StatusCodeToString(record.status.code()),
                  " duration_seconds=", absl::ToDoubleSeconds(record.duration), " tokens=", record.tokens,
                  " peer=", record.peer);
  if (!record.key_id.empty()) absl::StrAppend(&line, " key_id=", record.key_id);
  if (!record.trace_id.empty()) absl::StrAppend(&line, " trace_id=", record.trace_id);
  if (record.dropped > 0) absl::StrAppend(&line, " dropped=", record.dropped);
  absl::StrAppend(&line, " message=\"", absl::Utf8SafeCEscape(record.status.message()), "\"");
  return line;
}

std::string FormatJson(const CallRecord& record, absl::Time time, const std::string& severity) {
  nlohmann::ordered_json fields = {{"request_id", record.request_id}, {"method", record.method}};
  if (record.item_id) fields["item_id"] = *record.item_id;
  fields["stage"] = StageName(record.stage);
  fields["code"] = absl::StatusCodeToString(record.status.code());
  fields["duration_seconds"] = absl::ToDoubleSeconds(record.duration);
  fields["tokens"] = record.tokens;
  fields["peer"] = record.peer;
  if (!record.key_id.empty()) fields["key_id"] = record.key_id;
  if (!record.trace_id.empty()) fields["trace_id"] = record.trace_id;
  if (record.dropped > 0) fields["dropped"] = record.dropped;
  fields["message"] = std::string(record.status.message());
  return JsonLine(time, severity, "call_failed", fields);
}

}  // namespace attnd
