// What attnd-load prints at its end.

#ifndef CLIENT_LOAD_REPORT_H_
#define CLIENT_LOAD_REPORT_H_

#include <cstdint>
#include <string>

#include "client/load/load_statistics.h"

namespace attnd::client {

// What was asked for, as far as a reader of the report needs it.
struct LoadDescription {
  std::string server;
  std::string model;
  // "embed" or "forward".
  std::string method;
  // "closed loop of 4" or "open loop of 100 calls/s".
  std::string loop;
  // As in --length.
  std::string length;
  int64_t inputs_per_request = 1;
  uint64_t seed = 0;
};

// For people.
std::string ReportTable(const LoadDescription& description, const LoadResult& result);

// For programs: one JSON object.
std::string ReportJson(const LoadDescription& description, const LoadResult& result);

}  // namespace attnd::client

#endif  // CLIENT_LOAD_REPORT_H_
