// An API key nobody has seen yet, and what a server is to be told of it.

#ifndef CLIENT_CTL_NEW_KEY_H_
#define CLIENT_CTL_NEW_KEY_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace attnd::client {

// What the key is to be allowed, as in server/security/api_keys.h.
struct KeyGrant {
  std::string id;
  std::string methods;
  int64_t tokens_per_second = 0;  // 0: no limit
  int64_t burst_tokens = 0;  // 0: with a rate, the larger of one second's tokens and 16384, the largest call by default
};

struct NewKey {
  std::string id;
  std::string key;   // for the caller, and nobody else
  std::string line;  // for the server's file
};

// Draws 32 random bytes. Errors: INVALID_ARGUMENT when a server would not accept the line.
absl::StatusOr<NewKey> MakeKey(const KeyGrant& grant);

std::string NewKeyTable(const NewKey& key);
std::string NewKeyJson(const NewKey& key);

}  // namespace attnd::client

#endif  // CLIENT_CTL_NEW_KEY_H_
