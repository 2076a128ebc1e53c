// The header of an .npy file that anybody may have written.

#ifndef ENGINE_FILES_NPY_HEADER_H_
#define ENGINE_FILES_NPY_HEADER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace attnd {

inline constexpr absl::string_view kNpyMagic = "\x93NUMPY";

struct NpyHeaderFields {
  std::string descr;           // type of the elements, such as "<f4"
  bool fortran_order = false;  // whether the first dimension is the fastest
  std::vector<int64_t> shape;  // no size is below 0
  size_t data_begin = 0;       // where the elements begin in the file, at most its length
};

// No magic, version and header take more of a file's beginning.
inline constexpr int64_t kMaxNpyHeaderBytes = 10'012;

// Reads the header that `file`, of which no more need be there, begins with, of version 1.0, 2.0 or 3.0. Threads: any.
// Errors: DATA_LOSS with the reason, which quotes little; a header longer than the 10,000 bytes that NumPy reads is
// one, a type of several fields another.
absl::StatusOr<NpyHeaderFields> ParseNpyHeader(absl::string_view file);

}  // namespace attnd

#endif  // ENGINE_FILES_NPY_HEADER_H_
