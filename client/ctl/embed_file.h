// What `attndctl embed --out` does: lines of text in, a file of their vectors out.

#ifndef CLIENT_CTL_EMBED_FILE_H_
#define CLIENT_CTL_EMBED_FILE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/client.h"
#include "client/ctl/line_embedder.h"
#include "client/ctl/texts.h"
#include "engine/files/staging.h"

namespace attnd::client {

struct EmbedFileJob {
  TextLines lines;
  std::string target;  // an .npy file
  ExistingTarget existing = ExistingTarget::kRefuse;
  EmbedLinesOptions options;  // limits are asked for
};

struct EmbedFileSummary {
  std::string file;
  int64_t line_count = 0;
  int64_t columns = 0;
  EmbedLinesTotals totals;
  absl::Duration elapsed;
};

// Writes an .npy file of float32 [lines, D], one row a line in their order, whole or not at all. Vectors go to the file
// as they come. Errors: those of GetModel, NpyWriter and EmbedLines.
absl::StatusOr<EmbedFileSummary> WriteVectors(Client& client, const EmbedFileJob& job, WatchEmbedding watch);

// One line for people: "1,000 lines, 12,345 tokens, 1,003.4 tokens/s in 12.3 s: vectors.npy, float32 [1000, 768]".
std::string EmbedFileLine(const EmbedFileSummary& summary);

// One JSON object.
std::string EmbedFileJson(const EmbedFileSummary& summary);

}  // namespace attnd::client

#endif  // CLIENT_CTL_EMBED_FILE_H_
