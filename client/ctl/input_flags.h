// The flags by which several of attndctl's subcommands take text: --text, --text_file, --text_lines, --bytes,
// --truncate.

#ifndef CLIENT_CTL_INPUT_FLAGS_H_
#define CLIENT_CTL_INPUT_FLAGS_H_

#include "absl/flags/declare.h"
#include "client/ctl/text_inputs.h"

ABSL_DECLARE_FLAG(bool, truncate);

namespace attnd::client {

// What the flags say, once the command line is parsed.
InputSources SourcesFromFlags();

}  // namespace attnd::client

#endif  // CLIENT_CTL_INPUT_FLAGS_H_
