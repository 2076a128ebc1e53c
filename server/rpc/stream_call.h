// One stream, from its arrival to its status: its items become requests, answered as they finish or in their order.

#ifndef SERVER_RPC_STREAM_CALL_H_
#define SERVER_RPC_STREAM_CALL_H_

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/rpc/call_scope.h"
#include "server/rpc/open_streams.h"
#include "server/rpc/status.h"
#include "server/rpc/stream_flow.h"
#include "server/rpc/text_worker.h"
#include "server/rpc/unread_message.h"
#include "server/scheduling/scheduler.h"
#include "server/scheduling/within_memory.h"
#include "server/telemetry/metrics.h"

namespace attnd {

// Writes the next message that goes ahead of the last one of an answer. False where none is left.
template <typename Reply>
using MessagesAhead = absl::AnyInvocable<bool(Reply&)>;

// What one method makes of its items. Items is NumberedItems (stream_items.h) or something with the same members.
template <typename Items>
struct StreamMethod {
  RpcMethod method;
  // Of an item that arrived at a time. May add to its tag what encoding its answer takes.
  std::function<absl::StatusOr<std::shared_ptr<Request>>(const typename Items::Item&, absl::Time, typename Items::Tag&)>
      decode;
  // Writes the last message of the answer to a computed item.
  std::function<void(const Request&, const typename Items::Tag&, typename Items::Reply&)> encode;
  // Takes what goes ahead of that; null where nothing ever does.
  MessagesAhead<typename Items::Reply> (*split)(Request&) = nullptr;
  TextWorker& text_worker;  // where items of long texts are dealt with
};

// Keeps itself alive until gRPC is done with it; requests that are not done keep it alive, too. Finish comes only once
// no request is left, so that none can outlive what gRPC owns. Threads: gRPC's and the batcher's.
template <typename Items>
class StreamCall final : public grpc::ServerBidiReactor<typename Items::Item, typename Items::Reply>,
                         public Drainable,
                         public std::enable_shared_from_this<StreamCall<Items>> {
  using Item = typename Items::Item;
  using Reply = typename Items::Reply;
  using Tag = typename Items::Tag;

 public:
  // The arguments but method and limits must outlive the stream.
  static grpc::ServerBidiReactor<Item, Reply>* Start(StreamMethod<Items> method, const StreamLimits& limits,
                                                     grpc::CallbackServerContext& context, Scheduler& scheduler,
                                                     OpenStreams& open_streams, const CallEnvironment& environment) {
    const auto stream = std::shared_ptr<StreamCall>(
        new StreamCall(std::move(method), limits, context, scheduler, open_streams, environment));
    stream->self_ = stream;
    open_streams.Add(stream);
    stream->WithLock([&] {
      if (!stream->scope_.admission().ok()) stream->flow_.EndReads();
    });
    return stream.get();
  }

  void Drain() override {
    WithLock([this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { flow_.Drain(); });
  }

 private:
  // A reply on its way, and the request it answers; none where the item was refused.
  struct Answer {
    Tag tag;
    std::shared_ptr<Request> request;
    bool computed = false;       // its request was, to the end
    Reply reply;                 // being written, unless something is ahead of it
    MessagesAhead<Reply> ahead;  // null: nothing is, any more
    Reply message_ahead;         // being written meanwhile
  };

  StreamCall(StreamMethod<Items> method, const StreamLimits& limits, grpc::CallbackServerContext& context,
             Scheduler& scheduler, OpenStreams& open_streams, const CallEnvironment& environment)
      : method_(std::move(method)),
        scheduler_(scheduler),
        open_streams_(open_streams),
        metrics_(environment.metrics),
        scope_(method_.method, context, environment),
        flow_(limits) {}

  // Runs `change`, then starts whatever is due. gRPC may delete the stream as soon as Finish was called.
  template <typename Change>
  void WithLock(Change change) {
    const auto alive = this->shared_from_this();
    const absl::MutexLock lock(&mutex_);
    change();
    if (flow_.StartRead()) this->StartRead(&item_);
    if (!answers_.empty() && flow_.StartWrite()) {
      const Answer& answer = answers_.front();
      this->StartWrite(answer.ahead ? &answer.message_ahead : &answer.reply);
    }
    if (flow_.StartFinish()) this->Finish(scope_.End(FinalStatus(), LastStage(), 0));
  }

  void OnReadDone(bool ok) override {
    if (!ok || !HoldItem()) {
      WithLock([this, ok]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        malformed_ = !ok && !IsUnread(item_);
        flow_.FinishRead();
        flow_.EndReads();
      });
      return;
    }
    scope_.CountMessageReceived();
    arrived_at_ = scope_.Now();
    // The next item is read once this one is accepted.
    method_.text_worker.Run(SizeOfMessage(item_, Items::TextBytes(item_)),
                            [stream = this->shared_from_this()](const absl::Status& status) {
                              stream->Accept(status);
                              stream->FinishRead();
                            });
  }

  // Lets go of the item, for the next may be long in coming.
  void FinishRead() {
    item_ = UnreadMessage<Item>();
    WithLock([this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { flow_.FinishRead(); });
  }

  // Whether the item just read is to be answered.
  bool HoldItem() {
    const absl::MutexLock lock(&mutex_);
    if (flow_.finished() || given_up_) return false;
    flow_.Hold();
    metrics_.OnStreamItemHeld(method_.method);
    return true;
  }

  // Submits the item just read, if `status` is OK, or answers why not.
  void Accept(const absl::Status& status) {
    Tag tag = Items::TagOf(item_, place_++);
    const absl::Time arrived_at = arrived_at_;
    if (!status.ok()) scope_.CountRefusedText(status);
    auto decoded = WithinMemory([&]() -> absl::StatusOr<std::shared_ptr<Request>> {
      if (!status.ok()) return status;
      return method_.decode(item_, arrived_at, tag);
    });
    if (!decoded.ok()) {
      scope_.LogItem(Items::LogId(tag), decoded.status(), Stage::kDecode, 0, arrived_at);
      return Refuse(tag, decoded.status());
    }
    const std::shared_ptr<Request> request = *std::move(decoded);
    request->done = [stream = this->shared_from_this(), tag, arrived_at, raw = request.get()](
                        const absl::Status& computed) { stream->Complete(tag, arrived_at, *raw, computed); };
    {
      const absl::MutexLock lock(&mutex_);
      flow_.AddReplyBytes(request->reply_bytes);
      requests_.insert(request);
    }
    // From here on `done` may run at any moment, on the batcher's thread.
    if (const absl::Status submitted = scope_.Submit(request, scheduler_); !submitted.ok()) {
      scope_.LogItem(Items::LogId(tag), submitted, Stage::kQueue, request->token_count(), arrived_at);
      {
        const absl::MutexLock lock(&mutex_);
        flow_.AddReplyBytes(-request->reply_bytes);
        requests_.erase(request);
      }
      return Refuse(tag, submitted);
    }
    const bool too_late = [&] {
      const absl::MutexLock lock(&mutex_);
      return given_up_;
    }();
    if (too_late) scheduler_.Cancel(*request);
  }

  void Refuse(const Tag& tag, const absl::Status& status) {
    Answer answer{.tag = tag};
    FailItem(status, answer);
    WithLock([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { Send(std::move(answer)); });
  }

  // The scheduler is done with `request`.
  void Complete(const Tag& tag, absl::Time arrived_at, Request& request, const absl::Status& computed) {
    Answer answer{.tag = tag};
    const absl::Status status = scope_.Reply(computed, request, [&](const Request& done) {
      method_.encode(done, tag, answer.reply);
      if (method_.split != nullptr) answer.ahead = method_.split(request);
    });
    answer.computed = computed.ok();
    if (status.ok()) {
      Items::Address(tag, answer.reply);
    } else {
      scope_.LogItem(Items::LogId(tag), status, StageOf(computed, request), request.token_count(), arrived_at);
      FailItem(status, answer);
    }
    PrepareMessageAhead(answer);
    WithLock([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      auto owner = requests_.extract(&request);
      answer.request = std::move(owner.value());
      Send(std::move(answer));
    });
  }

  // Lets `answer` say no more than `status`.
  void FailItem(const absl::Status& status, Answer& answer) const {
    answer.ahead = nullptr;
    answer.reply.Clear();
    Items::Refuse(EncodeStatus(status, scope_.request_id()), answer.reply);
    Items::Address(answer.tag, answer.reply);
  }

  // Makes the next message that goes ahead, if there is one: only now, so that there is never more than one.
  void PrepareMessageAhead(Answer& answer) const {
    if (!answer.ahead) return;
    answer.message_ahead.Clear();
    const absl::StatusOr<bool> is_there =
        WithinMemory([&]() -> absl::StatusOr<bool> { return answer.ahead(answer.message_ahead); });
    if (!is_there.ok()) return FailItem(is_there.status(), answer);
    Items::Address(answer.tag, answer.message_ahead);
    if (!*is_there) answer.ahead = nullptr;
  }

  void Send(Answer answer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (given_up_) return Drop(answer);
    if constexpr (Items::kAnswersInOrder) {
      const uint64_t place = answer.tag.place;
      early_.emplace(place, std::move(answer));
      for (; !early_.empty() && early_.begin()->first == next_answer_; ++next_answer_) {
        answers_.push_back(std::move(early_.extract(early_.begin()).mapped()));
      }
    } else {
      answers_.push_back(std::move(answer));
    }
  }

  void OnWriteDone(bool ok) override {
    if (ok) scope_.CountMessageSent();
    Answer& answer = AnswerBeingWritten();
    const bool was_ahead = ok && answer.ahead;
    if (was_ahead) PrepareMessageAhead(answer);
    WithLock([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      flow_.FinishWrite();
      if (!was_ahead || given_up_) {
        if (ok && !was_ahead) {
          Release(answer);
        } else {
          Drop(answer);
        }
        answers_.pop_front();
      }
      // Before the stream can finish: it has not ended well.
      if (!ok) EndAnswers();
    });
    if (!ok) GiveUp();
  }

  // Stays where it is until its last message has been written.
  Answer& AnswerBeingWritten() {
    const absl::MutexLock lock(&mutex_);
    return answers_.front();
  }

  void OnCancel() override { GiveUp(); }

  // Nobody reads the answers any more.
  void GiveUp() {
    std::vector<std::shared_ptr<Request>> requests;
    WithLock([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      EndAnswers();
      requests.assign(requests_.begin(), requests_.end());
    });
    for (const auto& request : requests) scheduler_.Cancel(*request);
  }

  void EndAnswers() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    given_up_ = true;
    flow_.EndReads();
    DropAnswers();
  }

  // All but the one being written.
  void DropAnswers() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    while (answers_.size() > (flow_.writing() ? 1U : 0U)) {
      Drop(answers_.back());
      answers_.pop_back();
    }
    for (const auto& [place, answer] : early_) Drop(answer);
    early_.clear();
  }

  // Lets go of an answer that nobody has read to its end.
  void Drop(const Answer& answer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (answer.computed) {
      const CancelCause cause =
          absl::IsDeadlineExceeded(scope_.CheckAwaited()) ? CancelCause::kDeadline : CancelCause::kClient;
      metrics_.OnCancelled(answer.request->method, CancelStage::kStream, cause, answer.request->token_count());
    }
    Release(answer);
  }

  void Release(const Answer& answer) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    metrics_.OnStreamItemReleased(method_.method);
    flow_.Release(answer.request ? answer.request->reply_bytes : 0);
    if (answer.request) scheduler_.ReleaseReply(*answer.request);
  }

  // How the stream ends, now that it holds nothing.
  absl::Status FinalStatus() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!scope_.admission().ok()) return scope_.admission();
    if (const absl::Status status = scope_.CheckAwaited(); !status.ok()) return status;
    if (given_up_) return absl::CancelledError("the caller went away");
    if (malformed_) {
      return absl::InvalidArgumentError(absl::StrCat("item ", place_, " of the stream, from 0 on, is no ",
                                                     Item::descriptor()->full_name(),
                                                     ": its bytes are not in protobuf's wire format, or a string in it "
                                                     "is not UTF-8; what came before was answered"));
    }
    if (flow_.reads_ended()) return absl::OkStatus();
    return absl::UnavailableError(
        "this server is draining; what it has not answered was not computed, send it to another one");
  }

  Stage LastStage() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (!scope_.admission().ok()) return Stage::kAuthenticate;
    return malformed_ ? Stage::kDecode : Stage::kReply;
  }

  void OnDone() override {
    open_streams_.Remove(this);
    // Deletes this, unless a `done` is about to return.
    const auto last = std::move(self_);
  }

  const StreamMethod<Items> method_;
  Scheduler& scheduler_;
  OpenStreams& open_streams_;
  Metrics& metrics_;
  CallScope scope_;
  std::shared_ptr<StreamCall> self_;
  Item item_ = UnreadMessage<Item>();  // the one being read, or just read
  absl::Time arrived_at_;              // when it was read
  uint64_t place_ = 0;                 // how many were read before

  absl::Mutex mutex_;
  StreamFlow flow_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_set<std::shared_ptr<Request>> requests_ ABSL_GUARDED_BY(mutex_);  // accepted and not done
  std::deque<Answer> answers_ ABSL_GUARDED_BY(mutex_);                              // the first is being written
  // Of Items that are answered in their order: answers by their items' places that wait for those before them, and the
  // place of the next to leave.
  std::map<uint64_t, Answer> early_ ABSL_GUARDED_BY(mutex_);
  uint64_t next_answer_ ABSL_GUARDED_BY(mutex_) = 0;
  bool given_up_ ABSL_GUARDED_BY(mutex_) = false;
  bool malformed_ ABSL_GUARDED_BY(mutex_) = false;  // the last item could not be parsed
};

}  // namespace attnd

#endif  // SERVER_RPC_STREAM_CALL_H_
