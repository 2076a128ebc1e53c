#include "server/security/authenticator.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "server/scheduling/retry_hint.h"
#include "server/security/small_file.h"

namespace attnd {
namespace {

constexpr absl::string_view kScheme = "bearer ";

// The key in "Bearer KEY"; the scheme's letters may be of either case (RFC 9110).
absl::StatusOr<absl::string_view> KeyIn(absl::string_view authorization) {
  if (authorization.empty()) {
    return absl::UnauthenticatedError("no API key; send it, once, as metadata 'authorization: Bearer KEY'");
  }
  if (absl::StartsWithIgnoreCase(authorization, kScheme)) return authorization.substr(kScheme.size());
  return absl::UnauthenticatedError("the metadata 'authorization' must be 'Bearer KEY'");
}

// To the end of `entries` in any case, so that time does not tell where a key is.
template <typename Entry>
const Entry* Find(const std::vector<Entry>& entries, const Sha256Digest& digest) {
  const Entry* match = nullptr;
  for (const Entry& entry : entries) {
    if (CRYPTO_memcmp(entry.key.sha256.data(), digest.data(), digest.size()) == 0) match = &entry;
  }
  return match;
}

absl::Status CheckAllowed(const ApiKey& key, Permission permission) {
  if (key.allowed.test(static_cast<size_t>(permission))) return absl::OkStatus();
  return absl::PermissionDeniedError(
      absl::StrCat("the key of ", key.id, " does not allow ", PermissionName(permission)));
}

absl::Status Unknown() { return absl::UnauthenticatedError("the API key is not one of this server's"); }

}  // namespace

absl::StatusOr<std::unique_ptr<Authenticator>> Authenticator::Create(const std::string& path, const Clock& clock) {
  auto authenticator = std::unique_ptr<Authenticator>(new Authenticator(path, clock));
  if (const auto read = authenticator->Reload(); !read.ok()) return read.status();
  return authenticator;
}

absl::StatusOr<bool> Authenticator::Reload() {
  const absl::StatusOr<std::string> text = ReadSmallFile(path_);
  if (!text.ok()) return absl::InvalidArgumentError(absl::StrCat(path_, ": ", text.status().message()));
  const absl::StatusOr<std::vector<ApiKey>> keys = ParseApiKeys(*text, path_);
  if (!keys.ok()) return keys.status();
  const std::shared_ptr<const Table> before = table();
  auto after = std::make_shared<Table>();
  for (const ApiKey& key : *keys) after->push_back({.key = key, .bucket = BucketFor(key, *before)});
  const auto same_key = [](const Entry& a, const Entry& b) { return a.key == b.key; };
  if (absl::c_equal(*before, *after, same_key)) return false;
  const absl::MutexLock lock(&mutex_);
  table_ = std::move(after);
  return true;
}

std::shared_ptr<TokenBucket> Authenticator::BucketFor(const ApiKey& key, const Table& before) const {
  if (key.tokens_per_second == 0) return nullptr;
  const Entry* const entry = Find(before, key.sha256);
  if (entry != nullptr && entry->key.tokens_per_second == key.tokens_per_second &&
      entry->key.burst_tokens == key.burst_tokens) {
    return entry->bucket;
  }
  return std::make_shared<TokenBucket>(key.tokens_per_second, key.burst_tokens, clock_);
}

absl::StatusOr<Caller> Authenticator::Authenticate(absl::string_view authorization, Permission permission) const {
  const absl::StatusOr<absl::string_view> key = KeyIn(authorization);
  if (!key.ok()) return key.status();
  const Sha256Digest digest = DigestOf(*key);
  const std::shared_ptr<const Table> entries = table();
  const Entry* const entry = Find(*entries, digest);
  if (entry == nullptr) return Unknown();
  if (absl::Status status = CheckAllowed(entry->key, permission); !status.ok()) return status;
  return Caller{.key_id = entry->key.id, .key_sha256 = digest, .permission = permission};
}

absl::Status Authenticator::Charge(const Caller& caller, int64_t token_count) const {
  const std::shared_ptr<const Table> entries = table();
  const Entry* const entry = Find(*entries, caller.key_sha256);
  if (entry == nullptr) return Unknown();
  const ApiKey& key = entry->key;
  if (absl::Status status = CheckAllowed(key, caller.permission); !status.ok()) return status;
  if (!entry->bucket) return absl::OkStatus();
  if (token_count > key.burst_tokens) {
    return absl::InvalidArgumentError(absl::StrCat("the call has ", token_count, " tokens, and the key of ", key.id,
                                                   " allows at most ", key.burst_tokens,
                                                   " (burst_tokens) at once; send inputs in several calls"));
  }
  const absl::Duration wait = entry->bucket->Take(token_count);
  if (wait == absl::ZeroDuration()) return absl::OkStatus();
  absl::Status status = absl::ResourceExhaustedError(absl::StrCat(
      "the key of ", key.id, " allows ", key.tokens_per_second, " tokens a second, and this call's ", token_count,
      " are not there yet; call again in ", absl::FormatDuration(absl::Ceil(wait, absl::Milliseconds(1)))));
  SetRetryDelay(wait, status);
  return status;
}

void Authenticator::Refund(const Caller& caller, int64_t token_count) const {
  const std::shared_ptr<const Table> entries = table();
  const Entry* const entry = Find(*entries, caller.key_sha256);
  if (entry != nullptr && entry->bucket) entry->bucket->Return(token_count);
}

std::shared_ptr<const Authenticator::Table> Authenticator::table() const {
  const absl::MutexLock lock(&mutex_);
  return table_;
}

}  // namespace attnd
