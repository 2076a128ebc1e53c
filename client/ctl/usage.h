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
  attndctl similar INPUT      print the lines of a file that are nearest to INPUT, by the cosine of their vectors
  attndctl tokenize TEXT...   print the tokens of texts, and where they lie
  attndctl detokenize INPUT   print the text of token ids, and nothing else
  attndctl model              describe the model being served and the limits on a call
  attndctl health             exit 0 when the server is serving, 1 when it is not
  attndctl reload             load the model again and serve it; ask at the server's --admin_address
  attndctl key new            make an API key, and the line that the file of the server's --api_keys needs for it

An INPUT is token ids with commas between: 15496,995. With --text it is text: "Hello world"

forward, embed, score, similar, tokenize
  --text                 inputs are text, not token ids; tokenize knows
  --text_lines=PATH      more texts: each line of a file, or of standard input for -; for similar the lines to look at
  --bytes                texts may be any bytes, not UTF-8 alone
forward, embed, score, tokenize
  --text_file=PATH       one more text: all of a file, or of standard input for -
forward, embed, score, similar
  --truncate             cut texts that are too long for the model, in place of refusing them
forward
  --layers=ln_f          places to print, commas between: embeddings, h.0, h.1, ..., ln_f; empty for none
  --positions=last       rows of each place: last, all, or positions from 0 on with commas between
  --logits=none          rows of logits: none, or as --positions
  --top_k=0              likeliest next tokens to print, and their texts where the inputs are texts
                         and the server tells them
  --top_k_positions=last where to print them: as --positions
  --hidden_file=PATH     one more input: raw little-endian float32 [T, C] that enters the first layer
embed, similar
  --pooling=last         how an input's rows become one vector: last, mean, weighted_mean
  --dimensions=0         channels to keep of each vector, from the first on; 0 for all
embed
  --normalize=true       scale each vector to unit length
  --out=FILE.npy         write the vectors of --text_lines, and of nothing else, as an array for NumPy: float32, a row a
                         line, in their order. Any number of lines: they are streamed, and sent again when the server
                         has no room for them. The file appears whole or not at all
  --overwrite            replace FILE.npy
score
  --per_token            list every token with its log-probability, and what it stands for in a text
similar
  --top=10               lines to print, the nearest first
  --vectors=FILE.npy     the lines' vectors as embed --out has written them, in place of asking the server for them
detokenize
  --skip_special         leave special tokens out, such as <|endoftext|>
health
  --metrics=HOST:PORT    ask the server's metrics port, which needs neither certificate nor key, in place of --server
reload
  --model=PATH           another folder, below the server's --model_root, in place of the one it was started with
key new
  --id=NAME              of whoever gets the key: 1 to 40 letters, digits, '.', '_', '-'
  --methods=*            what it allows, commas between: Forward, Embed, GetModel, Tokenize,
                         ModelInfer, ModelMetadata, ReloadModel; *: all but the last
  --tokens_per_second=0  how fast its tokens come; 0 for no limit
  --burst_tokens=N       how many pile up, which is also the largest call; with a rate the larger of a second's tokens
                         and 16384, unless given
all that call
  --timeout_ms=60000     give up after this long; where lines are streamed, when none is answered for this long
)";

inline constexpr absl::string_view kAttndctlUsageEnd = R"(all
  --output=table         table, or json: one object with every value

Examples
  attndctl forward 15496,995 464,2068,7586 --logits=last
  attndctl forward 15496,995 --layers=embeddings,h.0,ln_f --positions=all --output=json
  attndctl forward --text "The capital of France is" --layers= --top_k=5
  attndctl embed --text_lines=questions.txt --truncate --output=json
  attndctl score --text "The capital of France is Paris" "The capital of France is cheese" --per_token
  attndctl embed --text_lines=questions.txt --truncate --out=questions.npy
  attndctl similar --text "How is it tested?" --text_lines=questions.txt --vectors=questions.npy --top=3
  attndctl tokenize "Hello world"
  attndctl embed 15496,995 --pooling=mean --server=10.0.0.7:50051
  attndctl health --timeout_ms=1000
  attndctl health --metrics=127.0.0.1:9464
  attndctl key new --id=indexer --methods=Embed,GetModel --tokens_per_second=20000 --output=json
  attndctl model --server=gpt2.example:50051 --tls --api_key_file=$HOME/.attnd-key
  attndctl reload --server=unix:/run/attnd/admin.sock --model=gpt2-v2 --timeout_ms=600000

Errors go to standard error as "attndctl: CODE: message". Exit status: 0 success, 1 the call failed, 2 wrong usage.
)";

inline std::string AttndctlUsage() { return absl::StrCat(kAttndctlUsageBegin, kConnectionUsage, kAttndctlUsageEnd); }

}  // namespace attnd::client

#endif  // CLIENT_CTL_USAGE_H_
