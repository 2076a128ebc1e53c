#include "engine/checkpoint/sha256.h"

#include "absl/log/check.h"
#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"

namespace attnd {

// These calls fail only where OpenSSL has no SHA-256 or no memory.
Sha256Hasher::Sha256Hasher() : context_(EVP_MD_CTX_new()) {
  CHECK_EQ(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr), 1);
}

void Sha256Hasher::Update(const void* data, size_t byte_count) {
  CHECK_EQ(EVP_DigestUpdate(context_.get(), data, byte_count), 1);
}

std::string Sha256Hasher::Finish() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  CHECK_EQ(EVP_DigestFinal_ex(context_.get(), digest, &size), 1);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), size));
}

}  // namespace attnd
