// What `attnd-load --help` prints.

#ifndef CLIENT_LOAD_USAGE_H_
#define CLIENT_LOAD_USAGE_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/connection_flags.h"

namespace attnd::client {

inline constexpr absl::string_view kAttndLoadUsageBegin =
    R"(attnd-load: puts load on attnd servers and measures how they cope

  attnd-load --concurrency=N [flags]    closed loop: N calls in flight, always; finds the highest rate
  attnd-load --rate_per_s=R [flags]     open loop: calls at random moments (Poisson), R a second on average,
                                        however slow the answers are; finds the latency at that rate
  attnd-load --sweep [flags]            open loops of rising rates; finds the knee, the highest rate that the servers
                                        keep up with
  attnd-load compare A.json B.json      two reports side by side

whom to call
)";

inline constexpr absl::string_view kAttndLoadUsageEnd =
    R"(what to call
  --method=embed            embed, or forward: the logits of each input's last position
  --length=fixed:128        tokens of an input: fixed:LENGTH, uniform:SHORTEST:LONGEST, lognormal:MEDIAN:SIGMA, or
                            file:PATH, whose lines have a length and, unless it is 1, its weight; cut to the model's limit
  --inputs_per_request=1
  --seed=1                  of lengths, token ids and arrivals; the same seed makes the same load
how much
  --duration_s=30           no call is made after this; those in flight are waited for. Of each step of a sweep, 10
  --requests=0              stop after this many calls; 0 for no limit
  --timeout_ms=10000        deadline of every call
  --max_inflight=4096       open loop: calls due while this many are in flight are counted as not sent
  --channels=1              connections to each server, used in turn
sweep
  --rate_per_s=R            first step; unless given, half of what a single caller gets
  --sweep_factor=1.4        from step to step, until one is too much; then one more, and some in between
  --latency_limit_ms=0      a step is too much whose 99th percentile is above this, too; 0 for no limit
report
  --json=PATH               also write the report as JSON; - for standard output, in place of the table
  --csv=PATH                as a table for spreadsheets
  --html=PATH               as a page with charts, complete in itself
  --metrics_url=URL         read the servers' metrics meanwhile, http://HOST:9464/metrics, commas between: batches and
                            the queue over time, in JSON and charts
  --metrics_interval_ms=1000
compare
  --html=PATH               also as a page with charts

Files of reports appear whole or not at all, in place of what had their names; a load is made only where they can.

Latency is that of calls that succeeded. In an open loop it counts from the moment a call was due, not from the moment
it was sent: a server that stalls is charged for every call due meanwhile (no coordinated omission). Percentiles are
exact to half a percent. Queue and compute times are the server's own. A step of a sweep is too much when less than nine
tenths of the calls due were answered OK in the time in which they were due, and as long after it as the fastest tenth
of the answers takes.

Examples
  attnd-load --concurrency=8 --duration_s=10
  attnd-load --rate_per_s=50 --length=lognormal:64:0.8 --json=report.json
  attnd-load --concurrency=4 --requests=1000 --method=forward --length=uniform:1:512
  attnd-load --sweep --latency_limit_ms=200 --metrics_url=http://localhost:9464 --html=sweep.html --json=sweep.json
  attnd-load --rate_per_s=80 --server=10.0.0.7:50051,10.0.0.8:50051 --max_attempts=3
  attnd-load compare before.json after.json --html=comparison.html

Ctrl-C stops early, waits for the calls in flight and reports; a second one quits at once.
Exit status: 0 when a call succeeded and the report is written, 1 when none did, the server cannot be reached or the
report cannot be written, 2 wrong usage, a path that no report can have included.
)";

inline std::string AttndLoadUsage() { return absl::StrCat(kAttndLoadUsageBegin, kConnectionUsage, kAttndLoadUsageEnd); }

}  // namespace attnd::client

#endif  // CLIENT_LOAD_USAGE_H_
