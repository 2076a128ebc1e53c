// Who is calling, by the API key they show, and whether they may.

#ifndef SERVER_SECURITY_AUTHENTICATOR_H_
#define SERVER_SECURITY_AUTHENTICATOR_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "server/scheduling/clock.h"
#include "server/security/api_keys.h"
#include "server/security/token_bucket.h"

namespace attnd {

// Somebody who may call a method.
struct Caller {
  std::string key_id;
  Sha256Digest key_sha256 = {};
  Permission permission = Permission::kForward;
};

// Threads: any.
class Authenticator {
 public:
  // Reads the key file. INVALID_ARGUMENT names what is wrong with it. `clock` must outlive the authenticator.
  static absl::StatusOr<std::unique_ptr<Authenticator>> Create(const std::string& path, const Clock& clock);

  // Reads the file again and returns whether it says something else now. An error leaves everything as it was. Rates
  // that are the same go on; one that is new begins with its burst.
  absl::StatusOr<bool> Reload();

  // `authorization` is the call's metadata of that name, "Bearer KEY". UNAUTHENTICATED without a known key,
  // PERMISSION_DENIED when it does not allow the method. Compares with every key, each in constant time.
  absl::StatusOr<Caller> Authenticate(absl::string_view authorization, Permission permission) const;

  // Takes the tokens of a call from the rate of its caller's key, as the file stands by now. RESOURCE_EXHAUSTED, with
  // the time to wait (retry_hint.h), when they are not there; INVALID_ARGUMENT when they never will be; else the errors
  // of Authenticate.
  absl::Status Charge(const Caller& caller, int64_t token_count) const;

  // Gives them back: the call was not accepted.
  void Refund(const Caller& caller, int64_t token_count) const;

  size_t key_count() const { return table()->size(); }

 private:
  struct Entry {
    ApiKey key;
    std::shared_ptr<TokenBucket> bucket;  // null: no limit
  };
  using Table = std::vector<Entry>;

  Authenticator(std::string path, const Clock& clock) : path_(std::move(path)), clock_(clock) {}

  std::shared_ptr<const Table> table() const;
  // The bucket that `key` had before, if it has the same rate, else a new one.
  std::shared_ptr<TokenBucket> BucketFor(const ApiKey& key, const Table& before) const;

  const std::string path_;
  const Clock& clock_;
  mutable absl::Mutex mutex_;
  std::shared_ptr<const Table> table_ ABSL_GUARDED_BY(mutex_) = std::make_shared<Table>();
};

}  // namespace attnd

#endif  // SERVER_SECURITY_AUTHENTICATOR_H_
