// Reads Prometheus' text format, so that tests can name series as they appear in a scrape.

#ifndef TESTS_SERVER_TELEMETRY_EXPOSITION_H_
#define TESTS_SERVER_TELEMETRY_EXPOSITION_H_

#include <prometheus/collectable.h>

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace attnd {

// Values by series, such as `attnd_rejected_total{method="Embed",reason="draining"}`.
using Samples = std::map<std::string, double>;

// Of every histogram of times, as docs/metrics.md has them.
inline const std::vector<double> kLatencyBounds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.04,  0.08,
                                                   0.16,   0.32,  0.64,   1.28,  2.56, 5.12, 10.24, 20.48};

// What `collectable` looks like in a scrape.
std::string Render(const prometheus::Collectable& collectable);

// Fails the test on a line that is no sample and on a series that appears twice.
Samples ParseSamples(absl::string_view text);

// What was added to every series that differs; every series of `before` must still be there.
Samples Changes(const Samples& before, const Samples& after);

// The series of a histogram that saw `values`. `labels` is empty or such as `method="Embed"`; `bounds` leaves out +Inf.
Samples HistogramSamples(const std::string& name, const std::string& labels, const std::vector<double>& bounds,
                         const std::vector<double>& values);

}  // namespace attnd

#endif  // TESTS_SERVER_TELEMETRY_EXPOSITION_H_
