// LoadRecords as JSON, for programs, and back, for comparisons.

#ifndef CLIENT_LOAD_LOAD_RECORD_JSON_H_
#define CLIENT_LOAD_LOAD_RECORD_JSON_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/load/load_record.h"

namespace attnd::client {

// One JSON object: the description, and the point's values; of a sweep "points" and "knee" in place of these.
std::string LoadRecordJson(const LoadRecord& record);

// Reads what LoadRecordJson wrote. `what` names the text in errors. Errors: DATA_LOSS for anything else, naming the
// first value that is missing or has another type.
absl::StatusOr<LoadRecord> ParseLoadRecord(absl::string_view text, absl::string_view what);

}  // namespace attnd::client

#endif  // CLIENT_LOAD_LOAD_RECORD_JSON_H_
