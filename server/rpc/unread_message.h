// Tells a message that could not be parsed from one that never came: gRPC says the same of both, that there is none.

#ifndef SERVER_RPC_UNREAD_MESSAGE_H_
#define SERVER_RPC_UNREAD_MESSAGE_H_

#include "google/protobuf/unknown_field_set.h"

namespace attnd {

// Of a field that no message has.
inline constexpr int kUnreadMark = 1 << 28;

// A message to read into. It has a mark that parsing anything over it wipes away, well or not.
template <typename Message>
Message UnreadMessage() {
  Message message;
  Message::GetReflection()->MutableUnknownFields(&message)->AddVarint(kUnreadMark, 1);
  return message;
}

// Whether nothing was parsed over it.
template <typename Message>
bool IsUnread(const Message& message) {
  const google::protobuf::UnknownFieldSet& fields = Message::GetReflection()->GetUnknownFields(message);
  return fields.field_count() == 1 && fields.field(0).number() == kUnreadMark;
}

}  // namespace attnd

#endif  // SERVER_RPC_UNREAD_MESSAGE_H_
