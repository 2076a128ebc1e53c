// The format of everything the server writes to standard error: LOG() and failed calls.

#ifndef SERVER_LOGGING_LOGGING_H_
#define SERVER_LOGGING_LOGGING_H_

#include <string>

#include "absl/log/log_entry.h"
#include "server/logging/call_record.h"

namespace attnd {

enum class LogFormat {
  kText,  // Abseil's
  kJson,  // one object a line
};

// Everything from INFO on goes to standard error, as `format` says. Call once, before other threads exist.
void InitializeLogging(LogFormat format);

// Writes one line, of severity ERROR where the server is at fault, else INFO. Past 100 lines a second those of INFO are
// left out; the next one tells how many. Returns whether it was written. Threads: any.
bool LogFailedCall(CallRecord record);

// A JSON object for what was given to LOG(). One line. Threads: any.
std::string FormatJson(const absl::LogEntry& entry);

}  // namespace attnd

#endif  // SERVER_LOGGING_LOGGING_H_
