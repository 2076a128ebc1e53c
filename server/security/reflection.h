// Reflection, which is in every server of a process that links it, taken out of one.

#ifndef SERVER_SECURITY_REFLECTION_H_
#define SERVER_SECURITY_REFLECTION_H_

#include <grpcpp/server_builder.h>

namespace attnd {

// The server that `builder` makes does not tell its protocol.
void RemoveReflection(grpc::ServerBuilder& builder);

}  // namespace attnd

#endif  // SERVER_SECURITY_REFLECTION_H_
