// An example of the C++ client: which text is nearest to the first one?
//
//   attnd-nearest localhost:50051 "How is it tested?" "With GoogleTest." "In the garden."
//
// Several servers, commas between, share the calls, and one that ends costs none.

#include <cstddef>
#include <iostream>
#include <memory>
#include <numeric>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "client/addresses.h"
#include "client/client.h"
#include "client/tensor.h"

namespace attnd::client {
namespace {

// One vector of unit length for each text, one after the other.
absl::StatusOr<std::vector<float>> Embed(absl::string_view servers, absl::Span<char* const> texts) {
  const absl::StatusOr<std::string> target = TargetOfAddresses(servers);
  if (!target.ok()) return target.status();
  const std::unique_ptr<Client> client =
      Client::Create({.target = *target,
                      .timeout = absl::Seconds(10),                 // of a call, its retries included
                      .retry = {.max_attempts = 4},                 // when a server is full, drains or dies
                      .hedging_delay = absl::Milliseconds(2000)});  // for this example; off unless asked for
  v1::EmbedRequest request;
  for (const char* const text : texts) request.add_inputs()->set_text(text);
  const absl::StatusOr<v1::EmbedResponse> response = client->Embed(request);
  if (!response.ok()) return response.status();
  return DecodeTensor(response->embeddings());
}

int Main(absl::Span<char* const> arguments) {
  if (arguments.size() < 4) {
    std::cerr << "attnd-nearest SERVERS TEXT OTHER...\n";
    return 2;
  }
  const absl::Span<char* const> texts = arguments.subspan(2);
  const absl::StatusOr<std::vector<float>> vectors = Embed(arguments[1], texts);
  if (!vectors.ok()) {
    std::cerr << "attnd-nearest: " << vectors.status() << "\n";
    return 1;
  }
  const size_t channels = vectors->size() / texts.size();
  const float* const first = vectors->data();
  size_t nearest = 1;
  float highest = -1;
  for (size_t i = 1; i < texts.size(); ++i) {
    // Vectors have unit length: this is the cosine.
    const float cosine = std::inner_product(first, first + channels, first + i * channels, 0.0F);
    if (i == 1 || cosine > highest) nearest = i, highest = cosine;
  }
  std::cout << texts[nearest] << "\n";
  return 0;
}

}  // namespace
}  // namespace attnd::client

int main(int argc, char** argv) { return attnd::client::Main(absl::MakeConstSpan(argv, static_cast<size_t>(argc))); }
