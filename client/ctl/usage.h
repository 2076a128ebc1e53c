// What `attndctl --help` prints.

#ifndef CLIENT_CTL_USAGE_H_
#define CLIENT_CTL_USAGE_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/connection_flags.h"

namespace attnd::client {

inline constexpr absl::string_view kAttndctlUsageBegin = R"(attndctl: calls an attnd server

  attndctl forward INPUT...   run inputs through the model; print hidden states and logits
  attndctl embed INPUT...     turn every input into one vector
  attndctl score INPUT...     tell how likely the model finds every input: log-probability and perplexity
  attndctl tokenize TEXT...   print the tokens of texts, and where they lie
  attndctl detokenize INPUT   print the text of token ids, and nothing else
  attndctl model              describe the model being served and the limits on a call
  attndctl health             exit 0 when the server is serving, 1 when it is not
  attndctl reload             load the model again and serve it; ask at the server's --admin_address
  attndctl key new            make an API key, and the line that the file of the server's --api_keys needs for it

An INPUT is token ids with commas between: 15496,995. With --text it is text: "Hello world"

forward, embed, score, tokenize
  --text                 inputs are text, not token ids; tokenize knows
  --text_file=PATH       one more text: all of a file, or of standard input for -
  --text_lines=PATH      more texts: each line of a file, or of standard input for -
  --bytes                texts may be any bytes, not UTF-8 alone
forward, embed, score
  --truncate             cut texts that are too long for the model, in place of refusing them
forward
  --layers=ln_f          places to print, commas between: embeddings, h.0, h.1, ..., ln_f; empty for none
  --positions=last       rows of each place: last, all
  --logits=none          rows of logits: none, last, all
  --hidden_file=PATH     one more input: raw little-endian float32 [T, C] that enters the first layer
embed
  --pooling=last         how an input's rows become one vector: last, mean, weighted_mean
  --dimensions=0         channels to keep of each vector, from the first on; 0 for all
  --normalize=true       scale each vector to unit length
score
  --per_token            list every token with its log-probability, and what it stands for in a text
detokenize
  --skip_special         leave special tokens out, such as <|endoftext|>
reload
  --model=PATH           another folder, below the server's --model_root, in place of the one it was started with
key new
  --id=NAME              of whoever gets the key: 1 to 40 letters, digits, '.', '_', '-'
  --methods=*            what it allows, commas between: Forward, Embed, GetModel, Tokenize,
                         ReloadModel; *: all but the last
  --tokens_per_second=0  how fast its tokens come; 0 for no limit
  --burst_tokens=N       how many pile up, which is also the largest call; with a rate the larger of a second's tokens
                         and 16384, unless given
all that call
  --timeout_ms=60000     give up after this long
  --server=localhost:50051
)";

inline constexpr absl::string_view kAttndctlUsageEnd = R"(all
  --output=table         table, or json: one object with every value

Examples
  attndctl forward 15496,995 464,2068,7586 --logits=last
  attndctl forward 15496,995 --layers=embeddings,h.0,ln_f --positions=all --output=json
  attndctl forward --text "The capital of France is" --logits=last
  attndctl embed --text_lines=questions.txt --truncate --output=json
  attndctl score --text "The capital of France is Paris" "The capital of France is cheese" --per_token
  attndctl tokenize "Hello world"
  attndctl embed 15496,995 --pooling=mean --server=10.0.0.7:50051
  attndctl health --timeout_ms=1000
  attndctl key new --id=indexer --methods=Embed,GetModel --tokens_per_second=20000 --output=json
  attndctl model --server=gpt2.example:50051 --tls --api_key_file=$HOME/.attnd-key
  attndctl reload --server=unix:/run/attnd/admin.sock --model=gpt2-v2 --timeout_ms=600000

Errors go to standard error as "attndctl: CODE: message". Exit status: 0 success, 1 the call failed, 2 wrong usage.
)";

inline std::string AttndctlUsage() { return absl::StrCat(kAttndctlUsageBegin, kConnectionUsage, kAttndctlUsageEnd); }

}  // namespace attnd::client

#endif  // CLIENT_CTL_USAGE_H_
