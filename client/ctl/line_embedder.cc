#include "client/ctl/line_embedder.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "client/ctl/send_window.h"
#include "client/ctl/text_inputs.h"
#include "google/rpc/error_details.pb.h"

namespace attnd::client {
namespace {

// Often enough for a person who presses Ctrl-C.
constexpr absl::Duration kWatchInterval = absl::Milliseconds(50);
// Whatever the server asks for: neither at once nor much later.
constexpr absl::Duration kMinRetryDelay = absl::Milliseconds(10);
constexpr absl::Duration kMaxRetryDelay = absl::Minutes(1);
// No line is sent for the first time while so many wait to be sent again: what the server refuses is no reason to try
// with all the others.
constexpr size_t kMaxWaiting = 16;
// Lines sent and not answered: enough to fill a batch while another is computed, be they short.
constexpr size_t kMaxInFlight = 256;

size_t MaxInFlight(const v1::ModelLimits& limits) {
  const size_t max_items = limits.max_stream_items();
  return max_items > 0 ? std::min(kMaxInFlight, max_items) : kMaxInFlight;
}

// Nothing where the server does not say that a retry can help.
std::optional<absl::Duration> RetryDelay(const v1::ItemStatus& status) {
  if (static_cast<absl::StatusCode>(status.code()) != absl::StatusCode::kResourceExhausted) return std::nullopt;
  for (const auto& detail : status.details()) {
    google::rpc::RetryInfo info;
    if (!detail.UnpackTo(&info)) continue;
    const absl::Duration delay =
        absl::Seconds(info.retry_delay().seconds()) + absl::Nanoseconds(info.retry_delay().nanos());
    return std::clamp(delay, kMinRetryDelay, kMaxRetryDelay);
  }
  return std::nullopt;
}

// The item of a stream that asks for what `request` asks for, without id and input.
v1::EmbedStreamRequest ItemOf(const v1::EmbedRequest& request) {
  v1::EmbedStreamRequest item;
  item.set_pooling(request.pooling());
  if (request.has_normalize()) item.set_normalize(request.normalize());
  item.set_priority(request.priority());
  if (request.has_dimensions()) item.set_dimensions(request.dimensions());
  item.set_truncate(request.truncate());
  return item;
}

// What would be refused, or end the stream, in any case.
absl::Status CheckLengths(const TextLines& lines, uint64_t max_line_bytes) {
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(lines.Name(i), " is empty, and a text without tokens has no vector"));
    }
    if (max_line_bytes > 0 && lines[i].size() > max_line_bytes) {
      return absl::InvalidArgumentError(absl::StrCat(lines.Name(i), " has ", lines[i].size(),
                                                     " bytes, must have at most ", max_line_bytes,
                                                     " (max_request_text_bytes)"));
    }
  }
  return absl::OkStatus();
}

// One run over all lines: a thread that sends, one that receives, and the caller's, which watches.
class Run {
 public:
  Run(Client& client, const TextLines& lines, const EmbedLinesOptions& options, TakeVector take)
      : lines_(lines),
        options_(options),
        take_(take),
        stream_(client.OpenEndlessEmbedStream()),
        window_(MaxInFlight(options.limits)) {}

  absl::StatusOr<EmbedLinesTotals> Execute(WatchEmbedding watch) {
    std::thread receiver([this] { Receive(); });
    std::thread sender([this] { Send(); });
    Watch(watch);
    sender.join();
    receiver.join();
    const absl::Status end = stream_->Finish();
    const absl::MutexLock lock(&mutex_);
    if (!status_.ok()) return status_;
    if (!end.ok()) return end;
    if (done_count_ < lines_.size()) {
      return absl::InternalError(absl::StrCat("the server ended the stream and left ", lines_.size() - done_count_,
                                              " of ", lines_.size(), " lines without an answer"));
    }
    return totals_;
  }

 private:
  void Send() {
    v1::EmbedStreamRequest item = ItemOf(options_.request);
    while (const std::optional<size_t> line = NextLine()) {
      item.set_id(*line);
      *item.mutable_input() = TextInput(lines_[*line], options_.is_bytes);
      if (!stream_->Write(item)) return;
    }
    stream_->HalfClose();
  }

  void Receive() {
    v1::EmbedStreamResponse answer;
    while (stream_->Read(answer)) {
      if (absl::Status status = Handle(answer); !status.ok()) Fail(status);
    }
    const absl::MutexLock lock(&mutex_);
    ended_ = true;
  }

  void Watch(WatchEmbedding watch) {
    while (!mutex_.LockWhenWithTimeout(absl::Condition(&ended_), kWatchInterval)) {
      const double fraction = static_cast<double>(done_count_) / static_cast<double>(lines_.size());
      const bool stalled = AwaitsServer() && absl::Now() - last_progress_ > options_.patience;
      mutex_.Unlock();
      if (absl::Status status = watch(fraction); !status.ok()) Fail(status);
      if (stalled) {
        Fail(absl::DeadlineExceededError(
            absl::StrCat("the server has answered no line for ", absl::FormatDuration(options_.patience))));
      }
    }
    mutex_.Unlock();
  }

  // The line to send now, once there is one; nothing once there will be none any more.
  std::optional<size_t> NextLine() {
    const absl::MutexLock lock(&mutex_);
    while (true) {
      mutex_.Await(absl::Condition(this, &Run::HasRoomOrIsOver));
      if (IsOver()) return std::nullopt;
      if (const std::optional<size_t> line = TakeLine()) {
        if (in_flight_.empty()) last_progress_ = absl::Now();
        in_flight_.insert(*line);
        return line;
      }
      awaited_due_ = FirstDue();
      mutex_.AwaitWithDeadline(absl::Condition(this, &Run::HasEarlierLineOrIsOver), awaited_due_);
    }
  }

  std::optional<size_t> TakeLine() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!waiting_.empty() && waiting_.begin()->first <= absl::Now()) {
      const size_t line = waiting_.begin()->second;
      waiting_.erase(waiting_.begin());
      return line;
    }
    if (!HasNewLine()) return std::nullopt;
    return next_line_++;
  }

  bool HasNewLine() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return next_line_ < lines_.size() && waiting_.size() < kMaxWaiting;
  }
  // An answer, or the end once all are there.
  bool AwaitsServer() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return !in_flight_.empty() || done_count_ == lines_.size();
  }
  bool IsOver() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return ended_ || !status_.ok() || done_count_ == lines_.size();
  }
  bool HasRoomOrIsOver() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return in_flight_.size() < window_.size() || IsOver();
  }
  // When the first of the lines to send again is due.
  absl::Time FirstDue() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return waiting_.empty() ? absl::InfiniteFuture() : waiting_.begin()->first;
  }
  // Whether there is something to do before what is waited for anyway.
  bool HasEarlierLineOrIsOver() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return HasNewLine() || FirstDue() < awaited_due_ || IsOver();
  }

  absl::Status Handle(const v1::EmbedStreamResponse& answer) {
    if (!Land(answer.id())) {
      return absl::InternalError(absl::StrCat("the server answered an item ", answer.id(), " that it was not sent"));
    }
    const auto line = static_cast<size_t>(answer.id());
    if (answer.has_status()) return HandleStatus(line, answer.status());
    if (answer.result().embedding().data_type() != v1::DATA_TYPE_FLOAT32) {
      return absl::InternalError(absl::StrCat("the server answered ", lines_.Name(line), " with no vector"));
    }
    if (absl::Status status = CheckModel(line, answer.model_version()); !status.ok()) return status;
    if (absl::Status status = take_(line, answer.result()); !status.ok()) return status;
    const absl::MutexLock lock(&mutex_);
    window_.OnAnswered();
    totals_.token_count += answer.result().token_count();
    if (answer.result().truncated_from() > 0) ++totals_.truncated_count;
    ++done_count_;
    return absl::OkStatus();
  }

  absl::Status HandleStatus(size_t line, const v1::ItemStatus& status) {
    const std::optional<absl::Duration> delay = RetryDelay(status);
    if (!delay) {
      const auto code = static_cast<absl::StatusCode>(status.code());
      const std::string text = absl::StrCat(lines_.Name(line), ": ", status.message());
      return code == absl::StatusCode::kOk ? absl::InternalError(text) : absl::Status(code, text);
    }
    const absl::MutexLock lock(&mutex_);
    waiting_.emplace(absl::Now() + *delay, line);
    window_.OnRefused(in_flight_.size());
    ++totals_.refusal_count;
    return absl::OkStatus();
  }

  // False for an item that is not in flight.
  bool Land(uint64_t id) {
    const absl::MutexLock lock(&mutex_);
    last_progress_ = absl::Now();
    return in_flight_.erase(id) > 0;
  }

  absl::Status CheckModel(size_t line, const std::string& version) {
    const absl::MutexLock lock(&mutex_);
    if (totals_.model_version.empty()) totals_.model_version = version;
    if (totals_.model_version == version) return absl::OkStatus();
    return absl::AbortedError(absl::StrCat(lines_.Name(line), ": the server has replaced its model ",
                                           totals_.model_version, " by ", version,
                                           ", and vectors of two models do not go together; begin again"));
  }

  // The first error counts.
  void Fail(const absl::Status& status) {
    {
      const absl::MutexLock lock(&mutex_);
      status_.Update(status);
    }
    stream_->Cancel();
  }

  const TextLines& lines_;
  const EmbedLinesOptions& options_;
  const TakeVector take_;
  const std::unique_ptr<EmbedStream> stream_;

  absl::Mutex mutex_;
  SendWindow window_ ABSL_GUARDED_BY(mutex_);
  size_t next_line_ ABSL_GUARDED_BY(mutex_) = 0;                       // the first that has never been sent
  std::multimap<absl::Time, size_t> waiting_ ABSL_GUARDED_BY(mutex_);  // lines to send again, by when
  absl::Time awaited_due_ ABSL_GUARDED_BY(mutex_);                     // what the sender waits for
  absl::flat_hash_set<uint64_t> in_flight_ ABSL_GUARDED_BY(mutex_);
  size_t done_count_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Time last_progress_ ABSL_GUARDED_BY(mutex_) = absl::Now();  // the last answer, or what ended a pause
  EmbedLinesTotals totals_ ABSL_GUARDED_BY(mutex_);
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;  // nothing will be received any more
};

}  // namespace

absl::StatusOr<EmbedLinesTotals> EmbedLines(Client& client, const TextLines& lines, const EmbedLinesOptions& options,
                                            TakeVector take, WatchEmbedding watch) {
  if (absl::Status status = CheckLengths(lines, options.limits.max_request_text_bytes()); !status.ok()) return status;
  if (lines.empty()) return EmbedLinesTotals();
  return Run(client, lines, options, take).Execute(watch);
}

}  // namespace attnd::client
