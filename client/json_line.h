// JSON as programs print it for other programs.

#ifndef CLIENT_JSON_LINE_H_
#define CLIENT_JSON_LINE_H_

#include <string>

#include "nlohmann/json.hpp"

namespace attnd::client {

// `json` and a line feed. Texts may have any bytes, as paths and the answers of servers may: those that are not UTF-8
// become U+FFFD.
std::string JsonLine(const nlohmann::ordered_json& json);

}  // namespace attnd::client

#endif  // CLIENT_JSON_LINE_H_
