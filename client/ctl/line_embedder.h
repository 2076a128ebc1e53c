// The vectors of many lines of text, over one stream.

#ifndef CLIENT_CTL_LINE_EMBEDDER_H_
#define CLIENT_CTL_LINE_EMBEDDER_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "attnd/v1/inference.pb.h"
#include "client/client.h"
#include "client/ctl/texts.h"

namespace attnd::client {

struct EmbedLinesOptions {
  // What is asked for every line; its inputs are not looked at.
  v1::EmbedRequest request;
  bool is_bytes = false;  // lines are sent as any bytes, not as UTF-8
  // Those of the server; a field of 0 says nothing.
  v1::ModelLimits limits;
  // How long to wait for the next answer while there are any.
  absl::Duration patience = absl::Seconds(60);
};

struct EmbedLinesTotals {
  int64_t token_count = 0;
  int64_t truncated_count = 0;  // lines that were cut
  int64_t refusal_count = 0;    // answers that asked to send the line again later
  std::string model_version;    // empty where there is no line
};

// Receives the vector of a line, by its index: data_type float32, and nothing else of it is checked. Lines come in any
// order, each once, one at a time, on one thread.
using TakeVector = absl::FunctionRef<absl::Status(size_t line, const v1::EmbedResult& result)>;

// Asked now and then, on the calling thread, whether to go on; `fraction` of the lines, in [0, 1], have been answered.
using WatchEmbedding = absl::FunctionRef<absl::Status(double fraction)>;

// Sends every line of `lines`, at most 256 and limits.max_stream_items at a time; one that the server has no room for
// (RESOURCE_EXHAUSTED with a time to wait) is sent again after that time, as often as need be. Returns once all are
// answered, or at the first error, by when nothing is in flight any more.
//
// Errors: the answer of a line that failed, which begins with the line's name; INVALID_ARGUMENT for a line that is
// empty or too long, before any is sent; ABORTED when the server changed its model on the way; DEADLINE_EXCEEDED after
// `patience`; what `take` and `watch` return; how the stream ended. INTERNAL when the server's answers make no sense.
absl::StatusOr<EmbedLinesTotals> EmbedLines(Client& client, const TextLines& lines, const EmbedLinesOptions& options,
                                            TakeVector take, WatchEmbedding watch);

}  // namespace attnd::client

#endif  // CLIENT_CTL_LINE_EMBEDDER_H_
