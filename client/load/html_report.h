// A load as a page.

#ifndef CLIENT_LOAD_HTML_REPORT_H_
#define CLIENT_LOAD_HTML_REPORT_H_

#include <string>

#include "client/load/load_record.h"

namespace attnd::client {

// Requires a point.
std::string HtmlReport(const LoadRecord& record);

}  // namespace attnd::client

#endif  // CLIENT_LOAD_HTML_REPORT_H_
