#include "engine/checkpoint/safetensors_writer.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <numeric>
#include <optional>

#include "absl/log/check.h"
#include "absl/strings/str_format.h"
#include "engine/files/json.h"
#include "nlohmann/json.hpp"

namespace attnd {
namespace {

// Data begins at a multiple of this, so that readers can map it.
constexpr size_t kAlignment = 8;
// Values encoded at a time.
constexpr size_t kChunk = size_t{1} << 18;

int64_t ElementCount(const NamedShape& tensor) {
  return std::accumulate(tensor.shape.begin(), tensor.shape.end(), int64_t{1}, std::multiplies<>());
}

}  // namespace

absl::StatusOr<SafetensorsWriter> SafetensorsWriter::Create(const std::string& path, std::vector<NamedShape> tensors,
                                                            FloatFormat format) {
  auto file = OutputFile::Create(path);
  if (!file.ok()) return file.status();
  SafetensorsWriter writer(path, *std::move(file), std::move(tensors), format);
  if (absl::Status status = writer.Write(writer.Header()); !status.ok()) return status;
  return writer;
}

std::string SafetensorsWriter::Header() const {
  // transformers refuses a file that does not say which framework's tensors it holds.
  nlohmann::ordered_json header = {{"__metadata__", {{"format", "pt"}}}};
  int64_t end = 0;
  for (const NamedShape& tensor : tensors_) {
    const int64_t begin = end;
    end += ElementCount(tensor) * FormatBytes(format_);
    header[tensor.name] = {
        {"dtype", std::string(SafetensorsName(format_))}, {"shape", tensor.shape}, {"data_offsets", {begin, end}}};
  }
  std::string text = header.dump();
  text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  const uint64_t length = text.size();
  static_assert(std::endian::native == std::endian::little);
  return std::string(reinterpret_cast<const char*>(&length), sizeof(length)) + text;
}

absl::Status SafetensorsWriter::Append(absl::Span<const float> values) {
  CHECK_LT(next_, tensors_.size());
  const NamedShape& tensor = tensors_[next_++];
  CHECK_EQ(static_cast<int64_t>(values.size()), ElementCount(tensor)) << tensor.name;
  std::vector<uint8_t> encoded(std::min(values.size(), kChunk) * static_cast<size_t>(FormatBytes(format_)));
  for (size_t first = 0; first < values.size(); first += kChunk) {
    const auto chunk = values.subspan(first, kChunk);
    if (const std::optional<size_t> bad = Encode(chunk, format_, encoded.data())) {
      return absl::OutOfRangeError(absl::StrFormat("%s: tensor %s: element %d = %g, is too large for %s", path_,
                                                   Quote(tensor.name), first + *bad, chunk[*bad],
                                                   SafetensorsName(format_)));
    }
    const size_t byte_count = chunk.size() * static_cast<size_t>(FormatBytes(format_));
    absl::Status status = Write({reinterpret_cast<const char*>(encoded.data()), byte_count});
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> SafetensorsWriter::Finish() {
  CHECK_EQ(next_, tensors_.size());
  if (absl::Status status = file_.Finish(); !status.ok()) return status;
  return hasher_.Finish();
}

absl::Status SafetensorsWriter::Write(absl::string_view bytes) {
  hasher_.Update(bytes.data(), bytes.size());
  return file_.Write(bytes);
}

}  // namespace attnd
