// An .npy file of anybody: what is accepted has rows that lie in the file, all of them and none twice.

#include <cstddef>
#include <cstdint>

#include "absl/log/check.h"
#include "absl/types/span.h"
#include "engine/files/npy.h"
#include "tests/fuzz/memory_files.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto* const memory_file = new attnd::MemoryFile();
  memory_file->Fill(absl::MakeConstSpan(data, size));
  const auto matrix = attnd::NpyMatrix::Open(memory_file->path());
  if (!matrix.ok()) return 0;
  size_t element_count = 0;
  for (int64_t row = 0; row < matrix->rows(); ++row) {
    const auto elements = matrix->ReadRow(row);
    CHECK_OK(elements.status());
    element_count += elements->size();
  }
  CHECK_LT(4 * element_count, size);
  return 0;
}
