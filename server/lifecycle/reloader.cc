#include "server/lifecycle/reloader.h"

#include <pthread.h>

#include <exception>
#include <memory>
#include <new>
#include <utility>

#include "absl/log/log.h"
#include "absl/strings/str_cat.h"

namespace attnd {
namespace {

constexpr char kUnderWay[] = "another reload is under way; send this one again when it is done";

}  // namespace

Reloader::Reloader(Load load, ModelStore& models, Metrics& metrics)
    : load_(std::move(load)), models_(models), metrics_(metrics), thread_([this] { Loop(); }) {}

Reloader::~Reloader() {
  {
    const absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

absl::StatusOr<LoadedModel> Reloader::LoadNext(const std::string& folder) {
  try {
    return load_(folder, load_count_ + 1);
  } catch (const std::bad_alloc&) {
    return absl::ResourceExhaustedError("there is not enough memory to load the model");
  } catch (const std::exception& exception) {
    return absl::InternalError(absl::StrCat("loading the model: ", exception.what()));
  }
}

absl::Status Reloader::LoadFirst() {
  absl::StatusOr<LoadedModel> loaded = LoadNext("");
  if (!loaded.ok()) return loaded.status();
  Serve(*std::move(loaded));
  return absl::OkStatus();
}

absl::Status Reloader::Start(const std::string& folder, Done done) {
  if (const auto present = models_.Get(); !present.ok()) return present.status();
  const absl::MutexLock lock(&mutex_);
  if (busy_ || soon_ || job_.has_value()) {
    metrics_.OnModelReload(ReloadOutcome::kRefused);
    return absl::AbortedError(kUnderWay);
  }
  job_ = Job{.folder = folder, .done = std::move(done)};
  return absl::OkStatus();
}

void Reloader::StartSoon() {
  const absl::MutexLock lock(&mutex_);
  soon_ = true;
}

bool Reloader::busy() const {
  const absl::MutexLock lock(&mutex_);
  return busy_;
}

void Reloader::Loop() {
  pthread_setname_np(pthread_self(), "attnd-reload");
  while (std::optional<Job> job = TakeJob()) {
    const absl::StatusOr<ReloadReport> report = Reload(job->folder);
    FinishJob();
    // Last: whoever hears of this reload may ask for the next.
    if (job->done) job->done(report);
  }
}

std::optional<Reloader::Job> Reloader::TakeJob() {
  const absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(this, &Reloader::HasJobOrStops));
  if (stopping_) return std::nullopt;
  busy_ = true;
  if (job_.has_value()) return std::exchange(job_, std::nullopt);
  soon_ = false;
  return Job();
}

void Reloader::FinishJob() {
  const absl::MutexLock lock(&mutex_);
  busy_ = false;
}

absl::StatusOr<ReloadReport> Reloader::Reload(const std::string& folder) {
  absl::StatusOr<LoadedModel> loaded = LoadNext(folder);
  if (!loaded.ok()) {
    LOG(ERROR) << "reload failed, the model stays as it is: " << loaded.status();
    metrics_.OnModelReload(ReloadOutcome::kFailed);
    return absl::FailedPreconditionError(absl::StrCat("the model stays as it is: ", loaded.status().message()));
  }
  ReloadReport report = {.model_version = loaded->model->version,
                         .weights_sha256 = loaded->model->info().weights_sha256,
                         .load = loaded->load,
                         .warm_up = loaded->warm_up};
  std::unique_ptr<ModelOwner> previous = Serve(*std::move(loaded));
  metrics_.OnModelReload(ReloadOutcome::kDone);
  report.previous_model_version = previous->Share()->version;
  LOG(INFO) << "reloaded: calls are accepted for version " << report.model_version << "; version "
            << report.previous_model_version << " computes what it has accepted";
  previous = nullptr;
  LOG(INFO) << "freed version " << report.previous_model_version;
  return report;
}

std::unique_ptr<ModelOwner> Reloader::Serve(LoadedModel loaded) {
  ++load_count_;
  metrics_.SetModelLoad(loaded.load, loaded.warm_up);
  metrics_.SetModel(loaded.model->name, loaded.model->version, loaded.model->info());
  return models_.Replace(std::move(loaded.model));
}

}  // namespace attnd
