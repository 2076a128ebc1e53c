#include "client/ctl/new_key.h"

#include <openssl/rand.h>

#include <algorithm>
#include <array>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/json_line.h"
#include "nlohmann/json.hpp"
#include "server/security/api_keys.h"

namespace attnd::client {
namespace {

// By it a key is known for one where it has no business to be, by people and by scanners of repositories.
constexpr absl::string_view kPrefix = "attnd_";
constexpr size_t kRandomBytes = 32;
constexpr int64_t kLargestCallTokens = 16384;

absl::string_view AsText(const auto& bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

absl::StatusOr<std::string> DrawKey() {
  std::array<unsigned char, kRandomBytes> bytes;
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    return absl::InternalError("this system has no random bytes");
  }
  return absl::StrCat(kPrefix, absl::WebSafeBase64Escape(AsText(bytes)));
}

std::string Line(const KeyGrant& grant, absl::string_view key) {
  std::string line = absl::StrCat("id=", grant.id, " sha256=", absl::BytesToHexString(AsText(DigestOf(key))),
                                  " methods=", grant.methods);
  if (grant.tokens_per_second == 0 && grant.burst_tokens == 0) return line;
  const int64_t burst =
      grant.burst_tokens == 0 ? std::max(grant.tokens_per_second, kLargestCallTokens) : grant.burst_tokens;
  return absl::StrCat(line, " tokens_per_second=", grant.tokens_per_second, " burst_tokens=", burst);
}

}  // namespace

absl::StatusOr<NewKey> MakeKey(const KeyGrant& grant) {
  absl::StatusOr<std::string> key = DrawKey();
  if (!key.ok()) return key.status();
  NewKey made = {.id = grant.id, .key = *std::move(key), .line = {}};
  made.line = Line(grant, made.key);
  if (const auto read = ParseApiKeys(made.line, "the new key"); !read.ok()) return read.status();
  return made;
}

std::string NewKeyTable(const NewKey& key) {
  return absl::StrCat("The key, for the caller; it is shown this once:\n\n  ", key.key,
                      "\n\nThe line for the file of the server's --api_keys:\n\n  ", key.line, "\n");
}

std::string NewKeyJson(const NewKey& key) { return JsonLine({{"id", key.id}, {"key", key.key}, {"line", key.line}}); }

}  // namespace attnd::client
