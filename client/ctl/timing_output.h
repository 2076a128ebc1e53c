// The timing of a call as attndctl prints it.

#ifndef CLIENT_CTL_TIMING_OUTPUT_H_
#define CLIENT_CTL_TIMING_OUTPUT_H_

#include <string>

#include "absl/time/time.h"
#include "attnd/v1/inference.pb.h"
#include "nlohmann/json.hpp"

namespace attnd::client {

// One line. `round_trip` is what the caller measured.
std::string TimingLine(const v1::Timing& timing, absl::Duration round_trip);

nlohmann::ordered_json TimingJson(const v1::Timing& timing, absl::Duration round_trip);

}  // namespace attnd::client

#endif  // CLIENT_CTL_TIMING_OUTPUT_H_
