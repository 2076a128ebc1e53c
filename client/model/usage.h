// What `attnd-model --help` prints.

#ifndef CLIENT_MODEL_USAGE_H_
#define CLIENT_MODEL_USAGE_H_

#include "absl/strings/string_view.h"

namespace attnd::client {

inline constexpr absl::string_view kAttndModelUsage = R"(attnd-model: makes, changes and measures models for attnd

  attnd-model inspect DIR       what a model is made of: shape, parameters by part, sizes by type, hash, tensors
  attnd-model init DIR          a new model with the weights GPT-2's training begins with
  attnd-model grow SRC DST      the same model with more layers, which change nothing it computes
  attnd-model convert SRC DST   the same weights in another type, in one file
  attnd-model accuracy [DIR]    what bf16 and int8 cost beside f32; without DIR of a server's seeded weights
  attnd-model tokenize DIR [TEXT...]   the token ids of every TEXT, or of standard input, by the tokenizer in DIR

A DIR is a Hugging Face GPT-2 folder: config.json and model.safetensors, or shards and their index. What is written can
be served, loaded by transformers, and published as it is; it appears whole or not at all.

init
  --layers=16            layers (n_layer); GPT-2 small has 12
  --width=768            channels (n_embd)
  --heads=12             attention heads (n_head), which divide the channels
  --context=1024         longest sequence in tokens (n_positions)
  --vocabulary=50257     number of tokens (vocab_size); the last one ends a text (bos_token_id, eos_token_id)
  --feed_forward=0       width of the feed-forward layers (n_inner); 0 for four times the channels
  --tied_head=true       whether the output head is the token embedding (tie_word_embeddings)
  --seed=0               the same number gives the same weights, on every machine
  --dtype=f32            type of the weights in the file: f32, bf16, f16
grow
  --layers=16            layers there shall be
  --new_layers=end       where the new ones go: end, spread
  --dtype=...            as for init; unless given, the type SRC has
convert
  --dtype=...            as for init; rounds to nearest, and refuses weights too large for it
all that write
  --overwrite            replace DST where it is a model's folder, with everything in it
all
  --output=table         table, or json: one object with every value

grow and convert take config.json along with the changes it needs, and the tokenizer and generation_config.json as they
are.

Examples
  attnd-model init small --layers=2 --width=64 --heads=4 --vocabulary=512 --seed=7
  attnd-model grow gpt2 gpt2-16 --layers=16 --new_layers=spread
  attnd-model convert gpt2-xl gpt2-xl-bf16 --dtype=bf16
  attnd-model inspect gpt2-16 --output=json
  attnd-model tokenize gpt2 "Hello, world" --output=json

Errors go to standard error as "attnd-model: CODE: message". Exit status: 0 success, 1 failure, 2 wrong usage.
)";

}  // namespace attnd::client

#endif  // CLIENT_MODEL_USAGE_H_
