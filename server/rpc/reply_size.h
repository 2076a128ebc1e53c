// What replies will take, known before they are computed.

#ifndef SERVER_RPC_REPLY_SIZE_H_
#define SERVER_RPC_REPLY_SIZE_H_

#include <cstdint>

#include "engine/model/config.h"
#include "server/scheduling/request.h"

namespace attnd {

// Bytes of the serialised reply to `request`, at most, chunks that go ahead included. Threads: any.
int64_t ReplyBytes(const Request& request, const ModelConfig& config);

// Those of its last message, the only one where nothing goes ahead. Threads: any.
int64_t LastMessageBytes(const Request& request, const ModelConfig& config);

// Bytes of what the engine computes for it, from which the reply is made. Threads: any.
int64_t ResultBytes(const Request& request, const ModelConfig& config);

}  // namespace attnd

#endif  // SERVER_RPC_REPLY_SIZE_H_
