// What attndctl reload prints.

#ifndef CLIENT_CTL_RELOAD_OUTPUT_H_
#define CLIENT_CTL_RELOAD_OUTPUT_H_

#include <string>

#include "attnd/v1/admin.pb.h"

namespace attnd::client {

std::string ReloadTable(const v1::ReloadModelResponse& response);
std::string ReloadJson(const v1::ReloadModelResponse& response);

}  // namespace attnd::client

#endif  // CLIENT_CTL_RELOAD_OUTPUT_H_
