#include "engine/files/npy.h"

#include <algorithm>
#include <bit>
#include <cstddef>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/files/npy_header.h"

namespace attnd {
namespace {

constexpr absl::string_view kFloat32 = "<f4";
constexpr int64_t kElementBytes = 4;
constexpr size_t kHeaderBytes = 128;
// Magic, version 1.0, and two bytes of how much follows.
constexpr size_t kPrefixBytes = kNpyMagic.size() + 4;

absl::Status Unsupported(const std::string& path, absl::string_view reason) {
  return absl::FailedPreconditionError(absl::StrCat(path, ": ", reason));
}

absl::Status CheckKind(const std::string& path, const NpyHeaderFields& header) {
  if (header.descr != kFloat32) {
    return Unsupported(path, absl::StrCat("has elements of type '", absl::CHexEscape(header.descr.substr(0, 40)),
                                          "', must have '", kFloat32, "'"));
  }
  if (header.shape.size() != 2 || header.shape[1] < 1) {
    return Unsupported(path, absl::StrCat("has shape (", absl::StrJoin(header.shape, ", "),
                                          "), must have rows and one column at least"));
  }
  if (header.fortran_order) return Unsupported(path, "is in Fortran's order, must be in rows (C order)");
  return absl::OkStatus();
}

}  // namespace

std::string NpyHeader(int64_t rows, int64_t columns) {
  std::string header(kNpyMagic);
  header += {'\x01', '\x00', static_cast<char>(kHeaderBytes - kPrefixBytes), '\x00'};
  absl::StrAppend(&header, "{'descr': '", kFloat32, "', 'fortran_order': False, 'shape': (", rows, ", ", columns,
                  "), }");
  header.resize(kHeaderBytes - 1, ' ');
  header += '\n';
  return header;
}

absl::StatusOr<NpyWriter> NpyWriter::Create(const std::string& target, ExistingTarget existing, int64_t rows,
                                            int64_t columns) {
  auto file = StagedFile::Create(target, existing);
  if (!file.ok()) return file.status();
  if (absl::Status status = file->file().Write(NpyHeader(rows, columns)); !status.ok()) return status;
  return NpyWriter(*std::move(file), columns);
}

absl::Status NpyWriter::WriteRow(int64_t row, absl::string_view values) {
  const int64_t row_bytes = columns_ * kElementBytes;
  if (static_cast<int64_t>(values.size()) != row_bytes) {
    return absl::InternalError(absl::StrCat("row ", row, " has ", values.size(), " bytes, must have ", row_bytes,
                                            " for ", columns_, " columns"));
  }
  return file_.file().WriteAt(static_cast<int64_t>(kHeaderBytes) + row * row_bytes, values);
}

absl::StatusOr<NpyMatrix> NpyMatrix::Open(const std::string& path) {
  auto file = InputFile::Open(path);
  if (!file.ok()) return file.status();
  std::string beginning(static_cast<size_t>(std::min(file->byte_count(), kMaxNpyHeaderBytes)), '\0');
  if (absl::Status status = file->ReadAt(0, absl::MakeSpan(beginning)); !status.ok()) return status;
  const auto header = ParseNpyHeader(beginning);
  if (!header.ok()) return absl::DataLossError(absl::StrCat(path, ": ", header.status().message()));
  if (absl::Status status = CheckKind(path, *header); !status.ok()) return status;
  const int64_t rows = header->shape[0];
  const int64_t columns = header->shape[1];
  const auto data_begin = static_cast<int64_t>(header->data_begin);
  const int64_t data_bytes = file->byte_count() - data_begin;
  int64_t shape_bytes = kElementBytes;
  const bool overflows = __builtin_mul_overflow(shape_bytes, rows, &shape_bytes) ||
                         __builtin_mul_overflow(shape_bytes, columns, &shape_bytes);
  if (overflows || shape_bytes != data_bytes) {
    return absl::DataLossError(absl::StrCat(path, ": has ", data_bytes, " bytes of elements, which do not make shape (",
                                            rows, ", ", columns, ")"));
  }
  return NpyMatrix(*std::move(file), data_begin, rows, columns);
}

absl::StatusOr<std::vector<float>> NpyMatrix::ReadRow(int64_t row) const {
  static_assert(std::endian::native == std::endian::little);
  std::vector<float> values(static_cast<size_t>(columns_));
  const auto bytes = absl::MakeSpan(reinterpret_cast<char*>(values.data()), values.size() * kElementBytes);
  absl::Status status = file_.ReadAt(data_begin_ + row * columns_ * kElementBytes, bytes);
  if (!status.ok()) return status;
  return values;
}

}  // namespace attnd
