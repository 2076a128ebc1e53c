// Matrices of float32 in NumPy's .npy files.
//
// The format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html. A magic, a version, the length of
// a header, the header, which is a dict of Python's in text, and the elements, here little-endian and row after row.

#ifndef ENGINE_FILES_NPY_H_
#define ENGINE_FILES_NPY_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/files/input_file.h"
#include "engine/files/staged_file.h"

namespace attnd {

// What comes before the elements of a matrix of `rows` x `columns`, in version 1.0: 128 bytes, as NumPy writes it.
std::string NpyHeader(int64_t rows, int64_t columns);

// A matrix being written, which appears under its name whole or not at all.
// Threads: one at a time. Owns: the file.
class NpyWriter {
 public:
  // Errors: those of StagedFile.
  static absl::StatusOr<NpyWriter> Create(const std::string& target, ExistingTarget existing, int64_t rows,
                                          int64_t columns);

  // `values` are the elements of row `row`, which is below the number of rows. Rows may come in any order. Errors:
  // INTERNAL when they are not as many as there are columns; else those of OutputFile.
  absl::Status WriteRow(int64_t row, absl::string_view values);  // [columns] little-endian float32

  // Once every row is written. Call once, last.
  absl::Status Commit() { return file_.Commit(); }

 private:
  NpyWriter(StagedFile file, int64_t columns) : file_(std::move(file)), columns_(columns) {}

  StagedFile file_;
  int64_t columns_;
};

// A matrix that lies in a file, of which nothing is believed. Threads: any. Owns: the file, open.
class NpyMatrix {
 public:
  // Errors begin with `path`: DATA_LOSS when the file is no .npy file, or is shorter or longer than its shape says;
  // FAILED_PRECONDITION when it holds anything but float32 in rows, in two dimensions, with one column at least; those
  // of InputFile.
  static absl::StatusOr<NpyMatrix> Open(const std::string& path);

  int64_t rows() const { return rows_; }
  int64_t columns() const { return columns_; }

  // Row `row`, which must be below rows(). Errors: those of InputFile.
  absl::StatusOr<std::vector<float>> ReadRow(int64_t row) const;  // [columns]

 private:
  NpyMatrix(InputFile file, int64_t data_begin, int64_t rows, int64_t columns)
      : file_(std::move(file)), data_begin_(data_begin), rows_(rows), columns_(columns) {}

  InputFile file_;
  int64_t data_begin_;
  int64_t rows_;
  int64_t columns_;
};

}  // namespace attnd

#endif  // ENGINE_FILES_NPY_H_
