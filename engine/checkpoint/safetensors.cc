#include "engine/checkpoint/safetensors.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "engine/files/json.h"
#include "nlohmann/json.hpp"

namespace attnd {
namespace {

using Json = nlohmann::json;
using Tensors = std::map<std::string, SafetensorsEntry>;

constexpr int64_t kLengthBytes = 8;
// A hundred times what a GPT-2 of 48 layers takes; the format itself allows 100 MB.
constexpr int64_t kMaxHeaderBytes = int64_t{8} << 20;
// Far above any weight, and low enough that byte counts fit in 63 bits.
constexpr int64_t kMaxElementCount = int64_t{1} << 56;
// Far above any tensor's, so that no list of sizes makes an error endless.
constexpr size_t kMaxRank = 16;

// Bytes of one element; 0 for a type the format does not know.
int64_t ElementBytes(absl::string_view dtype) {
  static const auto* bytes = new absl::flat_hash_map<absl::string_view, int64_t>{
      {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1}, {"I16", 2}, {"U16", 2}, {"F16", 2},
      {"BF16", 2}, {"I32", 4}, {"U32", 4}, {"F32", 4},     {"F64", 8},     {"I64", 8}, {"U64", 8}};
  const auto found = bytes->find(dtype);
  return found == bytes->end() ? 0 : found->second;
}

// Reads the header of one file; errors carry the file's name.
class HeaderReader {
 public:
  explicit HeaderReader(const InputFile& file) : file_(file) {}

  absl::StatusOr<Tensors> Read() {
    auto header = ReadHeader();
    if (!header.ok()) return header.status();
    Tensors tensors;
    for (const auto& [name, value] : header->items()) {
      if (name == "__metadata__") continue;
      auto entry = ReadEntry(name, value);
      if (!entry.ok()) return entry.status();
      tensors.emplace(name, *std::move(entry));
    }
    if (absl::Status status = CheckCoverage(tensors); !status.ok()) return status;
    return tensors;
  }

  // Where the data begins in the file, once the header is read.
  int64_t data_begin() const { return data_begin_; }

 private:
  absl::Status Corrupt(absl::string_view text) const {
    return absl::DataLossError(absl::StrCat(file_.path(), ": ", text));
  }

  absl::Status Corrupt(const std::string& tensor, absl::string_view text) const {
    return Corrupt(absl::StrCat("tensor ", Quote(tensor), ": ", text));
  }

  absl::StatusOr<Json> ReadHeader() {
    if (file_.byte_count() < kLengthBytes) {
      return Corrupt(
          absl::StrCat("has ", file_.byte_count(), " bytes, a safetensors file has at least ", kLengthBytes));
    }
    char length_bytes[kLengthBytes];
    if (absl::Status status = file_.ReadAt(0, absl::MakeSpan(length_bytes)); !status.ok()) return status;
    uint64_t length = 0;
    std::memcpy(&length, length_bytes, kLengthBytes);
    const int64_t limit = std::min(kMaxHeaderBytes, file_.byte_count() - kLengthBytes);
    if (length > static_cast<uint64_t>(limit)) {
      return Corrupt(absl::StrFormat("header length = %d, must be at most %d (%s)", length, limit,
                                     limit == kMaxHeaderBytes ? "the limit of a header" : "what the file has left"));
    }
    std::string text(length, '\0');
    if (absl::Status status = file_.ReadAt(kLengthBytes, absl::MakeSpan(text)); !status.ok()) return status;
    data_begin_ = kLengthBytes + static_cast<int64_t>(length);
    return ParseJsonObject(text, absl::StrCat(file_.path(), " header"));
  }

  absl::StatusOr<SafetensorsEntry> ReadEntry(const std::string& name, const Json& value) const {
    if (!value.is_object()) return Corrupt(name, absl::StrCat("its entry is of type ", value.type_name()));
    SafetensorsEntry entry;
    const Json dtype = value.value("dtype", Json());
    if (!dtype.is_string()) return Corrupt(name, "dtype is missing or no string");
    entry.dtype = dtype.get<std::string>();
    const int64_t element_bytes = ElementBytes(entry.dtype);
    if (element_bytes == 0) return Corrupt(name, absl::StrCat("dtype = ", Quote(dtype), " is not known"));

    auto shape = ReadSizes(name, "shape", value);
    if (!shape.ok()) return shape.status();
    entry.shape = *std::move(shape);
    auto element_count = ElementCount(name, entry.shape);
    if (!element_count.ok()) return element_count.status();

    auto offsets = ReadSizes(name, "data_offsets", value);
    if (!offsets.ok()) return offsets.status();
    if (absl::Status status = CheckOffsets(name, *offsets); !status.ok()) return status;
    entry.begin = offsets->front();
    entry.byte_count = offsets->back() - entry.begin;
    if (entry.byte_count != *element_count * element_bytes) {
      return Corrupt(name,
                     absl::StrFormat("data_offsets span %d bytes, but %s of shape [%s] takes %d", entry.byte_count,
                                     entry.dtype, absl::StrJoin(entry.shape, ", "), *element_count * element_bytes));
    }
    return entry;
  }

  // An array of at most kMaxRank integers in [0, 2^63).
  absl::StatusOr<std::vector<int64_t>> ReadSizes(const std::string& name, const char* field, const Json& entry) const {
    const Json value = entry.value(field, Json());
    if (!value.is_array()) return Corrupt(name, absl::StrCat(field, " is missing or no array"));
    if (value.size() > kMaxRank) {
      return Corrupt(name, absl::StrFormat("%s has %d entries, must have at most %d", field, value.size(), kMaxRank));
    }
    std::vector<int64_t> sizes;
    for (const Json& element : value) {
      const bool in_range = element.is_number_unsigned() && element.get<uint64_t>() <= uint64_t{INT64_MAX};
      if (!in_range) {
        return Corrupt(
            name, absl::StrFormat("%s[%d] = %s, must be an integer in [0, 2^63)", field, sizes.size(), Quote(element)));
      }
      sizes.push_back(element.get<int64_t>());
    }
    return sizes;
  }

  absl::StatusOr<int64_t> ElementCount(const std::string& name, const std::vector<int64_t>& shape) const {
    int64_t count = 1;
    for (const int64_t size : shape) {
      if (size != 0 && count > kMaxElementCount / size) {
        return Corrupt(name, absl::StrCat("shape [", absl::StrJoin(shape, ", "), "] has more than 2^56 elements"));
      }
      count *= size;
    }
    return count;
  }

  int64_t data_bytes() const { return file_.byte_count() - data_begin_; }

  absl::Status CheckOffsets(const std::string& name, const std::vector<int64_t>& offsets) const {
    if (offsets.size() == 2 && offsets[0] <= offsets[1] && offsets[1] <= data_bytes()) return absl::OkStatus();
    return Corrupt(name, absl::StrFormat("data_offsets = [%s], must be [begin, end] with begin <= end <= %d, the bytes "
                                         "of data in the file",
                                         absl::StrJoin(offsets, ", "), data_bytes()));
  }

  // Every byte of the data belongs to exactly one tensor.
  absl::Status CheckCoverage(const Tensors& tensors) const {
    std::vector<const Tensors::value_type*> in_order;
    for (const auto& tensor : tensors) in_order.push_back(&tensor);
    std::stable_sort(in_order.begin(), in_order.end(), [](const auto* a, const auto* b) {
      return std::pair(a->second.begin, a->second.byte_count) < std::pair(b->second.begin, b->second.byte_count);
    });
    int64_t covered = 0;
    std::string previous = "the header";
    for (const auto* tensor : in_order) {
      const auto& [name, entry] = *tensor;
      if (entry.begin != covered) {
        return Corrupt(name,
                       absl::StrFormat("its data begins at %d, %s of %s at %d", entry.begin,
                                       entry.begin < covered ? "before the end" : "not at the end", previous, covered));
      }
      covered = entry.begin + entry.byte_count;
      previous = Quote(name);
    }
    if (covered == data_bytes()) return absl::OkStatus();
    return Corrupt(absl::StrFormat("has %d bytes of data after the last tensor, %s", data_bytes() - covered, previous));
  }

  const InputFile& file_;
  int64_t data_begin_ = 0;
};

}  // namespace

absl::StatusOr<SafetensorsFile> SafetensorsFile::Open(const std::string& path) {
  auto file = InputFile::Open(path);
  if (!file.ok()) return file.status();
  HeaderReader header(*file);
  auto tensors = header.Read();
  if (!tensors.ok()) return tensors.status();
  return SafetensorsFile(*std::move(file), header.data_begin(), *std::move(tensors));
}

}  // namespace attnd
