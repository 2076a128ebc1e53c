// JSON from files we did not write.

#ifndef ENGINE_FILES_JSON_H_
#define ENGINE_FILES_JSON_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace attnd {

// A GPT-2 of 1024 layers, the most a config may have, takes 107,000 in the header of its tensors; one of 48 layers
// 5,000.
inline constexpr int64_t kMaxJsonValues = int64_t{1} << 17;

// Parses one JSON object, in time and memory proportional to `text`. DATA_LOSS naming `what` and the place for anything
// that is not one: bad syntax, a number that is not finite, the same key twice, nesting deeper than 16, more than
// `max_values` values. Threads: any.
absl::StatusOr<nlohmann::json> ParseJsonObject(absl::string_view text, absl::string_view what,
                                               int64_t max_values = kMaxJsonValues);

// `value` as JSON for an error message: one line of ASCII, cut after 200 bytes. Threads: any.
std::string Quote(const nlohmann::json& value);

}  // namespace attnd

#endif  // ENGINE_FILES_JSON_H_
