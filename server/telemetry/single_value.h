// A metric of one value, as collectors that read it at each scrape give it.

#ifndef SERVER_TELEMETRY_SINGLE_VALUE_H_
#define SERVER_TELEMETRY_SINGLE_VALUE_H_

#include <prometheus/client_metric.h>
#include <prometheus/metric_family.h>
#include <prometheus/metric_type.h>

namespace attnd {

// `type` is Counter or Gauge.
inline prometheus::MetricFamily SingleValue(const char* name, const char* help, prometheus::MetricType type,
                                            double value) {
  prometheus::ClientMetric metric;
  if (type == prometheus::MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  return {name, help, type, {metric}};
}

}  // namespace attnd

#endif  // SERVER_TELEMETRY_SINGLE_VALUE_H_
