// What the log says of a call, or of an item of a stream, that failed.

#ifndef SERVER_LOGGING_CALL_RECORD_H_
#define SERVER_LOGGING_CALL_RECORD_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace attnd {

// How far a call had come.
enum class Stage { kAuthenticate, kDecode, kQueue, kCompute, kReply };

// Holds nothing of inputs and results but what `status` says: of a wrong call, the one value that was wrong.
struct CallRecord {
  std::string request_id;
  std::string trace_id;  // of the caller's W3C traceparent; empty without one
  std::string method;
  std::string peer;                 // the host that called
  std::string key_id;               // of the API key it showed; empty without one
  std::optional<uint64_t> item_id;  // of the item, where it is one of a stream's
  Stage stage = Stage::kDecode;
  absl::Status status;
  absl::Duration duration;  // since it arrived
  int64_t tokens = 0;       // 0: not known yet
  int64_t dropped = 0;      // records left out before this one
};

// "call failed: request_id=... ...", values quoted and escaped where they need it. One line. Threads: any.
std::string FormatText(const CallRecord& record);

// A JSON object with the same fields, and the time and severity given. One line. Threads: any.
std::string FormatJson(const CallRecord& record, absl::Time time, const std::string& severity);

}  // namespace attnd

#endif  // SERVER_LOGGING_CALL_RECORD_H_
