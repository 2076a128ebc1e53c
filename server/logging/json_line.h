// The form of every line that --log_format=json writes.

#ifndef SERVER_LOGGING_JSON_LINE_H_
#define SERVER_LOGGING_JSON_LINE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "nlohmann/json_fwd.hpp"

namespace attnd {

// One object on one line: time, severity and event, then `fields`. What is not UTF-8 in them is replaced. Threads: any.
std::string JsonLine(absl::Time time, absl::string_view severity, absl::string_view event,
                     const nlohmann::ordered_json& fields);

}  // namespace attnd

#endif  // SERVER_LOGGING_JSON_LINE_H_
