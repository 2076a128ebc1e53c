// Loads the model to serve, and later another one beside it, to take its place.

#ifndef SERVER_LIFECYCLE_RELOADER_H_
#define SERVER_LIFECYCLE_RELOADER_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/lifecycle/loaded_model.h"
#include "server/lifecycle/model_store.h"
#include "server/telemetry/metrics.h"

namespace attnd {

struct ReloadReport {
  std::string model_version;
  std::string weights_sha256;
  std::string previous_model_version;
  absl::Duration load;
  absl::Duration warm_up;
};

// One reload at a time, and it lasts until the model before is freed: there are never more than two in memory. One that
// fails changes nothing.
// Threads: LoadFirst by one, before any reload; the rest by any. Owns: a thread, attnd-reload, that loads.
class Reloader {
 public:
  // Loads the model of `folder`, or that of the command line if it is empty. `load_count`: ModelVersion.
  using Load = std::function<absl::StatusOr<LoadedModel>(const std::string& folder, int64_t load_count)>;
  using Done = absl::AnyInvocable<void(const absl::StatusOr<ReloadReport>&)>;

  // `models` and `metrics` must outlive it.
  Reloader(Load load, ModelStore& models, Metrics& metrics);
  // Waits for a reload under way.
  ~Reloader();
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  // Loads the model of the command line and serves it, on the calling thread. Errors: those of `load`.
  absl::Status LoadFirst();

  // Begins a reload and returns. `done` gets the report once the new model is served and the old one freed, or
  // FAILED_PRECONDITION with the reason why the old one stays; it runs on the reloader's thread. Errors: ABORTED while
  // another reload is under way, UNAVAILABLE while the first model is loaded; then `done` is never called.
  absl::Status Start(const std::string& folder, Done done);

  // Reloads the model of the command line, after the reload under way if there is one.
  void StartSoon();

  // Whether a reload is under way.
  bool busy() const;

 private:
  struct Job {
    std::string folder;
    Done done;
  };

  void Loop();
  // Waits for the next; nothing when there will be none.
  std::optional<Job> TakeJob();
  void FinishJob();
  // What `load` makes of `folder`, or what it throws, as a status.
  absl::StatusOr<LoadedModel> LoadNext(const std::string& folder);
  absl::StatusOr<ReloadReport> Reload(const std::string& folder);
  // Returns the one before.
  std::unique_ptr<ModelOwner> Serve(LoadedModel loaded);

  bool HasJobOrStops() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_ || soon_ || job_.has_value(); }

  const Load load_;
  ModelStore& models_;
  Metrics& metrics_;
  int64_t load_count_ = 0;

  mutable absl::Mutex mutex_;
  std::optional<Job> job_ ABSL_GUARDED_BY(mutex_);
  bool soon_ ABSL_GUARDED_BY(mutex_) = false;
  bool busy_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  std::thread thread_;
};

}  // namespace attnd

#endif  // SERVER_LIFECYCLE_RELOADER_H_
