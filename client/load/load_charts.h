// What of one load, or of two side by side, is drawn.

#ifndef CLIENT_LOAD_LOAD_CHARTS_H_
#define CLIENT_LOAD_LOAD_CHARTS_H_

#include <string>
#include <vector>

#include "client/load/load_record.h"
#include "client/load/svg_chart.h"

namespace attnd::client {

struct NamedRecord {
  std::string name;  // told in the legends where there are several
  const LoadRecord* record;
};

// Throughput and latency against the load, where one is a sweep; latency by percentile; batches and the queue over
// time, where one has them of the servers' metrics.
std::vector<Chart> LoadCharts(const std::vector<NamedRecord>& records);

// All of them as HTML.
std::string RenderLoadCharts(const std::vector<NamedRecord>& records);

}  // namespace attnd::client

#endif  // CLIENT_LOAD_LOAD_CHARTS_H_
