// What `attnd-load --help` prints.

#ifndef CLIENT_LOAD_USAGE_H_
#define CLIENT_LOAD_USAGE_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/connection_flags.h"

namespace attnd::client {

inline constexpr absl::string_view kAttndLoadUsageBegin =
    R"(attnd-load: puts load on an attnd server and measures how it copes

  attnd-load --concurrency=N [flags]    closed loop: N calls in flight, always; finds the highest rate
  attnd-load --rate_per_s=R [flags]     open loop: calls at random moments (Poisson), R a second on average,
                                        however slow the answers are; finds the latency at that rate

whom to call
)";

inline constexpr absl::string_view kAttndLoadUsageEnd =
    R"(what to call
  --method=embed            embed, or forward: the logits of each input's last position
  --length=fixed:128        tokens of an input: fixed:LENGTH, uniform:SHORTEST:LONGEST, lognormal:MEDIAN:SIGMA;
                            cut to the model's limit
  --inputs_per_request=1
  --seed=1                  of lengths, token ids and arrivals; the same seed makes the same load
how much
  --duration_s=30           no call is made after this; those in flight are waited for
  --requests=0              stop after this many calls; 0 for no limit
  --timeout_ms=10000        deadline of every call
  --max_inflight=4096       open loop: calls due while this many are in flight are counted as not sent
  --channels=1              connections, used in turn
report
  --json=PATH               also write the report as JSON; - for standard output, in place of the table

Latency is that of calls that succeeded. In an open loop it counts from the moment a call was due, not from the moment
it was sent: a server that stalls is charged for every call due meanwhile (no coordinated omission). Percentiles are
exact to half a percent. Queue and compute times are the server's own.

Examples
  attnd-load --concurrency=8 --duration_s=10
  attnd-load --rate_per_s=50 --length=lognormal:64:0.8 --json=report.json
  attnd-load --concurrency=4 --requests=1000 --method=forward --length=uniform:1:512

Ctrl-C stops early, waits for the calls in flight and reports; a second one quits at once.
Exit status: 0 when a call succeeded, 1 when none did or the server cannot be reached, 2 wrong usage.
)";

inline std::string AttndLoadUsage() { return absl::StrCat(kAttndLoadUsageBegin, kConnectionUsage, kAttndLoadUsageEnd); }

}  // namespace attnd::client

#endif  // CLIENT_LOAD_USAGE_H_
