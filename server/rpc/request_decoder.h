// Checks calls and turns them into requests for the scheduler. Everything that can be wrong with a call is found here,
// before it is queued; nothing is left to fail later.

#ifndef SERVER_RPC_REQUEST_DECODER_H_
#define SERVER_RPC_REQUEST_DECODER_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "attnd/v1/inference.pb.h"
#include "engine/model/config.h"
#include "engine/text/tokenizer.h"
#include "server/rpc/call_limits.h"
#include "server/rpc/input_decoder.h"
#include "server/scheduling/request.h"

namespace attnd {

// Threads: any. Errors: INVALID_ARGUMENT naming the field by its path in the message, its value and the limit.
class RequestDecoder {
 public:
  // `tokenizer` must outlive the decoder.
  RequestDecoder(const ModelConfig& config, const absl::StatusOr<Tokenizer>& tokenizer, const CallLimits& limits)
      : config_(config), tokenizer_(tokenizer), limits_(limits) {}

  absl::StatusOr<std::shared_ptr<Request>> DecodeForward(const v1::ForwardRequest& message) const;
  absl::StatusOr<std::shared_ptr<Request>> DecodeEmbed(const v1::EmbedRequest& message) const;
  absl::StatusOr<std::shared_ptr<Request>> DecodeForwardItem(const v1::ForwardStreamRequest& message) const;
  absl::StatusOr<std::shared_ptr<Request>> DecodeEmbedItem(const v1::EmbedStreamRequest& message) const;

 private:
  using Inputs = google::protobuf::RepeatedPtrField<v1::Input>;

  absl::StatusOr<std::shared_ptr<Request>> AddInputs(absl::StatusOr<std::shared_ptr<Request>> request,
                                                     const Inputs& messages, bool truncate) const;
  absl::StatusOr<std::shared_ptr<Request>> AddInput(absl::StatusOr<std::shared_ptr<Request>> request,
                                                    const v1::Input& message, bool truncate) const;
  absl::Status DecodeInputs(const Inputs& messages, bool truncate, Request& request) const;
  InputRules Rules(bool truncate) const { return {.config = config_, .tokenizer = tokenizer_, .truncate = truncate}; }
  absl::Status CheckTextBytes(absl::string_view field, int64_t byte_count) const;
  absl::Status CheckReplySize(absl::string_view field, Request& request) const;

  const ModelConfig config_;
  const absl::StatusOr<Tokenizer>& tokenizer_;
  const CallLimits limits_;
};

}  // namespace attnd

#endif  // SERVER_RPC_REQUEST_DECODER_H_
