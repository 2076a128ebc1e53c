// What one call may ask for.

#ifndef SERVER_RPC_CALL_LIMITS_H_
#define SERVER_RPC_CALL_LIMITS_H_

#include <cstdint>

namespace attnd {

struct CallLimits {
  int64_t max_request_inputs = 1024;
  int64_t max_request_tokens = 16384;
  int64_t max_request_bytes = int64_t{64} << 20;
  int64_t max_reply_bytes = int64_t{64} << 20;
  int64_t max_request_text_bytes = int64_t{4} << 20;
  int64_t max_stream_items = 256;  // held at once by one stream
  int64_t max_top_k = 1024;
  int64_t max_chunked_reply_bytes = int64_t{512} << 20;
};

}  // namespace attnd

#endif  // SERVER_RPC_CALL_LIMITS_H_
