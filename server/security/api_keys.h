// The file of API keys: who may call what, and how much of it.
//
// One key a line, as name=value with spaces between; a line that is empty or begins with # says nothing:
//
//   id=indexer sha256=<64 hex digits> methods=Embed,GetModel tokens_per_second=20000 burst_tokens=65536
//
// The file holds the SHA-256 of a key, never the key. A key has 32 random bytes, which nobody can guess, so that a salt
// or a slow hash would protect nothing further and only cost every call its time.

#ifndef SERVER_SECURITY_API_KEYS_H_
#define SERVER_SECURITY_API_KEYS_H_

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace attnd {

// What a key may be allowed, by the method's name. Streams go with the method they repeat, and with ModelMetadata what
// else describes a model or the server in the Open Inference Protocol.
enum class Permission { kForward, kEmbed, kGetModel, kTokenize, kModelInfer, kModelMetadata, kReloadModel };
inline constexpr size_t kPermissionCount = 7;

const char* PermissionName(Permission permission);

using Sha256Digest = std::array<unsigned char, 32>;

struct ApiKey {
  std::string id;  // for logs and for sharing the engine; not secret
  Sha256Digest sha256 = {};
  std::bitset<kPermissionCount> allowed;  // by Permission
  int64_t tokens_per_second = 0;          // 0: no limit
  int64_t burst_tokens = 0;               // with a rate, at least 1

  friend bool operator==(const ApiKey& a, const ApiKey& b) = default;
};

// Reads the text of the file at `path`. methods=* allows everything but ReloadModel, which must be named. Ids have 1 to
// 40 letters, digits, '.', '_', '-'. INVALID_ARGUMENT names path and line: a field unknown, missing, twice or out of
// range, an id or a key twice, no key or more than 1000. It repeats nothing long enough to be a key that was put in the
// wrong place. Threads: any.
absl::StatusOr<std::vector<ApiKey>> ParseApiKeys(absl::string_view text, absl::string_view path);

// Of a key as callers send it. Threads: any.
Sha256Digest DigestOf(absl::string_view key);

}  // namespace attnd

#endif  // SERVER_SECURITY_API_KEYS_H_
