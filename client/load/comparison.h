// Two loads side by side.

#ifndef CLIENT_LOAD_COMPARISON_H_
#define CLIENT_LOAD_COMPARISON_H_

#include <string>
#include <vector>

#include "client/load/load_charts.h"
#include "client/load/load_record.h"

namespace attnd::client {

// One number of both.
struct ComparedValue {
  std::string name;  // with the unit
  double before = 0;
  double after = 0;
  bool more_is_better = false;
};

// Of the only point, or that at the knee.
std::vector<ComparedValue> Compare(const LoadRecord& before, const LoadRecord& after);

// What the two were asked to do that differs, one sentence each.
std::vector<std::string> Differences(const LoadRecord& before, const LoadRecord& after);

// "+12.3 %, better"; within one percent "same"; "" where there was nothing before.
std::string DescribeChange(const ComparedValue& value);

// For people at a terminal, and in a browser. Names go above the columns and into legends.
std::string ComparisonTable(const NamedRecord& before, const NamedRecord& after);
std::string HtmlComparison(const NamedRecord& before, const NamedRecord& after);

}  // namespace attnd::client

#endif  // CLIENT_LOAD_COMPARISON_H_
