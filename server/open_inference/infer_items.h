// The items of a ModelStreamInfer, for StreamCall.

#ifndef SERVER_OPEN_INFERENCE_INFER_ITEMS_H_
#define SERVER_OPEN_INFERENCE_INFER_ITEMS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/status.pb.h"
#include "inference/open_inference.pb.h"
#include "server/open_inference/infer_reply.h"
#include "server/open_inference/input_tensors.h"

namespace attnd {

// As NumberedItems. Their ids are any text of their client's, so that the log numbers them from 0. Threads: any.
struct InferItems {
  using Item = inference::ModelInferRequest;
  using Reply = inference::ModelStreamInferResponse;
  struct Tag {
    uint64_t place = 0;
    InferReplyForm form;
  };

  // Triton answers the items of a model that is not decoupled in their order, and clients without ids rely on it.
  static constexpr bool kAnswersInOrder = true;

  static Tag TagOf(const Item& item, uint64_t place) {
    Tag tag{.place = place, .form = BeginReplyForm(item)};
    // On a stream Triton says so unasked.
    tag.form.final_response = true;
    return tag;
  }
  static uint64_t LogId(const Tag& tag) { return tag.place; }
  static int64_t TextBytes(const Item& item) { return TextByteCount(item); }

  static void Address(const Tag& tag, Reply& reply) { reply.mutable_infer_response()->set_id(tag.form.id); }
  // The protocol has a text and no code.
  static void Refuse(const google::rpc::Status& status, Reply& reply) {
    reply.set_error_message(
        absl::StrCat(absl::StatusCodeToString(static_cast<absl::StatusCode>(status.code())), ": ", status.message()));
  }
};

}  // namespace attnd

#endif  // SERVER_OPEN_INFERENCE_INFER_ITEMS_H_
