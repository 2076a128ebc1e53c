// attnd_rejected_total, which has several who count.

#ifndef SERVER_TELEMETRY_REJECTED_FAMILY_H_
#define SERVER_TELEMETRY_REJECTED_FAMILY_H_

#include <prometheus/counter.h>
#include <prometheus/registry.h>

namespace attnd {

// The same family every time.
inline prometheus::Family<prometheus::Counter>& RejectedFamily(prometheus::Registry& registry) {
  return prometheus::BuildCounter()
      .Name("attnd_rejected_total")
      .Help("Calls refused before they were accepted.")
      .Register(registry);
}

}  // namespace attnd

#endif  // SERVER_TELEMETRY_REJECTED_FAMILY_H_
