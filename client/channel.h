// The connections of a client, and what gRPC does on them by itself: balancing and retries.

#ifndef CLIENT_CHANNEL_H_
#define CLIENT_CHANNEL_H_

#include <memory>
#include <string>

#include "client/client_options.h"
#include "grpcpp/channel.h"

namespace attnd::client {

// gRPC's service config for `options`: https://github.com/grpc/grpc/blob/master/doc/service_config.md
std::string ServiceConfig(const ClientOptions& options);

std::shared_ptr<grpc::Channel> CreateChannel(const ClientOptions& options);

}  // namespace attnd::client

#endif  // CLIENT_CHANNEL_H_
