// What attnd-load prints at its end, and the same for spreadsheets.

#ifndef CLIENT_LOAD_REPORT_H_
#define CLIENT_LOAD_REPORT_H_

#include <string>

#include "client/load/load_record.h"

namespace attnd::client {

// "embed on localhost:50051 (gpt2), closed loop of 4, 1 x fixed:128 tokens a call".
std::string DescribeLoad(const LoadDescription& description);

// "knee: 120 calls/s; at 140 calls/s goodput no longer follows the load".
std::string DescribeKnee(const Knee& knee);

// For people. Requires a point.
std::string ReportTable(const LoadRecord& record);

// RFC 4180: a line of titles, and one for each point.
std::string ReportCsv(const LoadRecord& record);

}  // namespace attnd::client

#endif  // CLIENT_LOAD_REPORT_H_
