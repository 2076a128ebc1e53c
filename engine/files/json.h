// JSON from files we did not write.

#ifndef ENGINE_FILES_JSON_H_
#define ENGINE_FILES_JSON_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace attnd {

// Parses one JSON object, in time and memory proportional to `text`. DATA_LOSS naming `what` and the place for anything
// that is not one: bad syntax, a number that is not finite, the same key twice, nesting deeper than 16, more than 2^17
// values. Threads: any.
absl::StatusOr<nlohmann::json> ParseJsonObject(absl::string_view text, absl::string_view what);

// `value` as JSON for an error message: one line of ASCII, cut after 200 bytes. Threads: any.
std::string Quote(const nlohmann::json& value);

}  // namespace attnd

#endif  // ENGINE_FILES_JSON_H_
