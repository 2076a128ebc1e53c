#include "server/rpc/request_id.h"

#include <cstddef>
#include <cstdint>

#include "absl/algorithm/container.h"
#include "absl/random/random.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace attnd {
namespace {

constexpr size_t kMaxBytes = 128;

bool IsAcceptable(absl::string_view id) {
  return !id.empty() && id.size() <= kMaxBytes &&
         absl::c_all_of(id, [](char c) { return absl::ascii_isgraph(static_cast<unsigned char>(c)); });
}

}  // namespace

std::string RequestIdFrom(absl::string_view offered) {
  if (IsAcceptable(offered)) return std::string(offered);
  thread_local absl::InsecureBitGen random;
  return absl::StrCat(absl::Hex(absl::Uniform<uint64_t>(random), absl::kZeroPad16),
                      absl::Hex(absl::Uniform<uint64_t>(random), absl::kZeroPad16));
}

}  // namespace attnd
