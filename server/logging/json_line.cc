#include "server/logging/json_line.h"

#include "nlohmann/json.hpp"

namespace attnd {

std::string JsonLine(absl::Time time, absl::string_view severity, absl::string_view event,
                     const nlohmann::ordered_json& fields) {
  nlohmann::ordered_json line = {{"time", absl::FormatTime(absl::RFC3339_full, time, absl::UTCTimeZone())},
                                 {"severity", std::string(severity)},
                                 {"event", std::string(event)}};
  line.update(fields);
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace attnd
