// SHA-256 (FIPS 180-4) of data that arrives piece by piece.

#ifndef ENGINE_CHECKPOINT_SHA256_H_
#define ENGINE_CHECKPOINT_SHA256_H_

#include <openssl/evp.h>

#include <cstddef>
#include <memory>
#include <string>

namespace attnd {

// Threads: one at a time.
class Sha256Hasher {
 public:
  Sha256Hasher();

  void Update(const void* data, size_t byte_count);

  // Lower-case hex of everything so far, as sha256sum prints it. Call once, last.
  std::string Finish();

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

}  // namespace attnd

#endif  // ENGINE_CHECKPOINT_SHA256_H_
