// Messages of unary calls whose requests can be freed while the call goes on. Else gRPC keeps a request, fields that we
// do not know included, until the call has ended.

#ifndef SERVER_RPC_FREEABLE_MESSAGES_H_
#define SERVER_RPC_FREEABLE_MESSAGES_H_

#include <grpcpp/support/message_allocator.h>

#include <memory>

namespace attnd {

// For SetMessageAllocatorFor_METHOD; FreeRequest of a call's RpcAllocatorState then frees its request. Must outlive the
// server. Threads: any.
template <typename Request, typename Reply>
class FreeableMessages final : public grpc::MessageAllocator<Request, Reply> {
 public:
  grpc::MessageHolder<Request, Reply>* AllocateMessages() override { return new Holder; }

 private:
  class Holder final : public grpc::MessageHolder<Request, Reply> {
   public:
    Holder() {
      this->set_request(request_.get());
      this->set_response(&reply_);
    }
    void FreeRequest() override {
      this->set_request(nullptr);
      request_ = nullptr;
    }
    void Release() override { delete this; }

   private:
    std::unique_ptr<Request> request_ = std::make_unique<Request>();
    Reply reply_;
  };
};

}  // namespace attnd

#endif  // SERVER_RPC_FREEABLE_MESSAGES_H_
