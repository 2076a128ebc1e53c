// What `attndctl similar` does: the lines of a text that are nearest to another text.

#ifndef CLIENT_CTL_SIMILAR_H_
#define CLIENT_CTL_SIMILAR_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "client/client.h"
#include "client/ctl/line_embedder.h"
#include "client/ctl/texts.h"
#include "engine/files/npy.h"

namespace attnd::client {

// The cosine of the angle between two vectors of the same length, in [-1, 1] but for rounding; 0 where one is all
// zeros. NaN where an element is not finite.
double Cosine(absl::Span<const float> a, absl::Span<const float> b);

struct Match {
  size_t line = 0;  // counted from 0
  double cosine = 0;
};

// The `count` largest cosines, largest first, of two equal ones the earlier line; all of them when there are fewer.
// None may be NaN.
std::vector<Match> BestMatches(absl::Span<const double> cosines, size_t count);

// Cosines of the one input of `query` to every line of `lines`. The server makes their vectors, as `query` asks for;
// request and limits of `options` are not looked at. Errors: those of GetModel, Embed and EmbedLines; ABORTED
// when the query's vector and the lines' are of models with other weights; INTERNAL for vectors that do not go
// together.
absl::StatusOr<std::vector<double>> CosinesToLines(Client& client, const v1::EmbedRequest& query,
                                                   const TextLines& lines, EmbedLinesOptions options,
                                                   WatchEmbedding watch);

// The same, with the lines' vectors from a file. Errors: FAILED_PRECONDITION when it has not as many rows as there are
// lines, or not as many columns as the query's vector; DATA_LOSS when it has numbers that are not finite; those of
// Embed.
absl::StatusOr<std::vector<double>> CosinesToVectors(Client& client, const v1::EmbedRequest& query,
                                                     const TextLines& lines, const NpyMatrix& vectors);

// For people: a line each. Long ones are cut, and nothing in them moves a terminal's cursor.
std::string MatchesTable(absl::Span<const Match> matches, const TextLines& lines);

// For programs: one JSON object; a line that is no UTF-8 in hexadecimal digits, as "text_bytes".
std::string MatchesJson(absl::Span<const Match> matches, const TextLines& lines);

}  // namespace attnd::client

#endif  // CLIENT_CTL_SIMILAR_H_
