// Writes computed requests and the model's description as replies.

#ifndef SERVER_RPC_REPLY_ENCODER_H_
#define SERVER_RPC_REPLY_ENCODER_H_

#include <cstdint>
#include <string>

#include "attnd/v1/inference.pb.h"
#include "engine/engine.h"
#include "server/rpc/call_limits.h"
#include "server/scheduling/request.h"

namespace attnd {

// `request` is computed to its end. Threads: any.
void EncodeForward(const Request& request, const ModelConfig& config, v1::ForwardResponse& message);
void EncodeEmbed(const Request& request, v1::EmbedResponse& message);

// The same for a request of one input, as the last message of the answer to an item of a stream; its id is left to the
// stream.
void EncodeForwardItem(const Request& request, v1::ForwardStreamResponse& message);
void EncodeEmbedItem(const Request& request, v1::EmbedStreamResponse& message);

// What GetModel says about a server.
struct ModelDescription {
  std::string name;
  std::string version;
  std::string server_version;
  EngineInfo engine;     // what all engines have in common
  int worker_count = 1;  // engines
  int thread_count = 1;  // of all of them
  int64_t tokenizer_token_count = 0;
  CallLimits limits;
};

void EncodeModel(const ModelDescription& model, v1::GetModelResponse& message);

}  // namespace attnd

#endif  // SERVER_RPC_REPLY_ENCODER_H_
