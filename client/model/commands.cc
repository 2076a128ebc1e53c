#include "client/model/commands.h"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "client/choice.h"
#include "client/interrupt.h"
#include "client/json_line.h"
#include "client/model/accuracy.h"
#include "client/model/accuracy_output.h"
#include "client/model/inspection.h"
#include "client/model/inspection_output.h"
#include "client/model/model_files.h"
#include "client/model/tokens_output.h"
#include "client/output_format.h"
#include "client/step_progress.h"
#include "client/text_table.h"
#include "engine/checkpoint/float_format.h"
#include "engine/checkpoint/gpt2_checkpoint.h"
#include "engine/checkpoint/gpt2_writer.h"
#include "engine/checkpoint/grow_layers.h"
#include "engine/checkpoint/initial_weights.h"
#include "engine/checkpoint/seeded_weights.h"
#include "engine/files/staged_folder.h"
#include "engine/model/parameters.h"
#include "engine/ops/cpu_shares.h"
#include "engine/text/tokenizer_files.h"
#include "nlohmann/json.hpp"

// Described in usage.h.
ABSL_FLAG(int64_t, layers, 16, "");
ABSL_FLAG(int64_t, width, 768, "");
ABSL_FLAG(int64_t, heads, 12, "");
ABSL_FLAG(int64_t, context, 1024, "");
ABSL_FLAG(int64_t, vocabulary, 50257, "");
ABSL_FLAG(int64_t, feed_forward, 0, "");
ABSL_FLAG(bool, tied_head, true, "");
ABSL_FLAG(uint64_t, seed, 0, "");
ABSL_FLAG(std::string, dtype, "", "");
ABSL_FLAG(std::string, new_layers, "end", "");
ABSL_FLAG(bool, overwrite, false, "");

namespace attnd::client {
namespace {

absl::Status RequireFolders(absl::Span<const std::string> folders, size_t count, absl::string_view usage) {
  if (folders.size() == count) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("takes ", count, count == 1 ? " folder: " : " folders: ", usage));
}

// That of the flag; none where it is not given.
absl::StatusOr<std::optional<FloatFormat>> FormatFromFlag() {
  using Format = std::optional<FloatFormat>;
  const std::string dtype = absl::GetFlag(FLAGS_dtype);
  if (dtype.empty()) return std::nullopt;
  return Choose<Format>(
      "dtype", dtype,
      {{"f32", FloatFormat::kFloat32}, {"bf16", FloatFormat::kBfloat16}, {"f16", FloatFormat::kFloat16}});
}

// Writes `files` with progress on standard error and returns what to print.
absl::StatusOr<std::string> Write(const ModelFiles& files, const std::string& target, OutputFormat output) {
  const auto existing = absl::GetFlag(FLAGS_overwrite) ? ExistingTarget::kReplace : ExistingTarget::kRefuse;
  const std::atomic<bool>& interrupted = StopOnSignal();
  absl::StatusOr<std::string> sha256;
  {
    StepProgress progress(absl::StrCat("writing ", target));
    sha256 = WriteModelFiles(files, target, existing, [&](double fraction) {
      progress.Set(fraction);
      return interrupted ? absl::CancelledError("interrupted; nothing was written") : absl::OkStatus();
    });
  }
  if (absl::IsAlreadyExists(sha256.status())) {
    return absl::AlreadyExistsError(absl::StrCat(sha256.status().message(), "; --overwrite replaces it"));
  }
  if (!sha256.ok()) return sha256.status();
  const int64_t parameter_count = ParameterCount(files.weights->config());
  if (output == OutputFormat::kJson) {
    const nlohmann::ordered_json json = {{"folder", target},
                                         {"parameter_count", parameter_count},
                                         {"dtype", std::string(SafetensorsName(files.format))},
                                         {"weights_sha256", *sha256}};
    return JsonLine(json);
  }
  TextTable table({{""}, {""}});
  table.AddRow({"written", target});
  table.AddRow(
      {"parameters", absl::StrCat(WithSeparators(static_cast<uint64_t>(parameter_count)), " in ",
                                  files.weights->config().layer_count, " layers, ", SafetensorsName(files.format))});
  table.AddRow({"weights", absl::StrCat("sha256 ", *sha256)});
  return table.ToString();
}

absl::StatusOr<Action> MakeInspect(absl::Span<const std::string> folders, OutputFormat output) {
  if (auto status = RequireFolders(folders, 1, "inspect DIR"); !status.ok()) return status;
  return [folder = folders[0], output]() -> absl::StatusOr<std::string> {
    const auto checkpoint = Gpt2Checkpoint::Open(folder);
    if (!checkpoint.ok()) return checkpoint.status();
    const auto sha256 = [&] {
      const StepProgress progress(absl::StrCat("hashing ", folder));
      return (*checkpoint)->Sha256();
    }();
    if (!sha256.ok()) return sha256.status();
    const Inspection inspection = Inspect(**checkpoint);
    return output == OutputFormat::kJson ? InspectionJson(inspection, *sha256) : InspectionTable(inspection, *sha256);
  };
}

absl::StatusOr<Action> MakeInit(absl::Span<const std::string> folders, OutputFormat output) {
  if (auto status = RequireFolders(folders, 1, "init DIR"); !status.ok()) return status;
  const auto format = FormatFromFlag();
  if (!format.ok()) return format.status();
  const int64_t width = absl::GetFlag(FLAGS_width);
  const int64_t feed_forward = absl::GetFlag(FLAGS_feed_forward);
  // Too large a width is refused as such.
  const int64_t usual_feed_forward = 4 * std::clamp<int64_t>(width, 1, int64_t{1} << 16);
  const ModelConfig config = {.vocabulary_size = absl::GetFlag(FLAGS_vocabulary),
                              .context_length = absl::GetFlag(FLAGS_context),
                              .embedding_length = width,
                              .head_count = absl::GetFlag(FLAGS_heads),
                              .layer_count = absl::GetFlag(FLAGS_layers),
                              .feed_forward_length = feed_forward == 0 ? usual_feed_forward : feed_forward,
                              .tied_output_head = absl::GetFlag(FLAGS_tied_head)};
  auto created = InitialWeights::Create(config, absl::GetFlag(FLAGS_seed));
  if (!created.ok()) return created.status();
  return [weights = *std::move(created), format = format->value_or(FloatFormat::kFloat32), target = folders[0],
          output]() -> absl::StatusOr<std::string> {
    return Write({.weights = weights.get(), .config_text = Gpt2ConfigText(weights->config(), format), .format = format},
                 target, output);
  };
}

absl::StatusOr<Action> MakeGrow(absl::Span<const std::string> folders, OutputFormat output) {
  if (auto status = RequireFolders(folders, 2, "grow SRC DST"); !status.ok()) return status;
  const auto format = FormatFromFlag();
  if (!format.ok()) return format.status();
  const auto place = Choose<NewLayers>("place for new layers", absl::GetFlag(FLAGS_new_layers),
                                       {{"end", NewLayers::kEnd}, {"spread", NewLayers::kSpread}});
  if (!place.ok()) return place.status();
  return [source = folders[0], target = folders[1], format = *format, place = *place,
          output]() -> absl::StatusOr<std::string> {
    auto checkpoint = Gpt2Checkpoint::Open(source);
    if (!checkpoint.ok()) return checkpoint.status();
    const int64_t layer_count = absl::GetFlag(FLAGS_layers);
    const FloatFormat written_format = format.value_or(StoredFormat(**checkpoint));
    auto config_text = ChangedGpt2ConfigText((*checkpoint)->config_text(), layer_count, written_format);
    if (!config_text.ok()) return config_text.status();
    const auto grown = GrowLayers(*std::move(checkpoint), layer_count, place);
    if (!grown.ok()) return grown.status();
    return Write({.weights = grown->get(),
                  .config_text = *std::move(config_text),
                  .format = written_format,
                  .companions = source},
                 target, output);
  };
}

absl::StatusOr<Action> MakeConvert(absl::Span<const std::string> folders, OutputFormat output) {
  if (auto status = RequireFolders(folders, 2, "convert SRC DST"); !status.ok()) return status;
  const auto format = FormatFromFlag();
  if (!format.ok()) return format.status();
  if (!format->has_value()) return absl::InvalidArgumentError("convert needs --dtype");
  return [source = folders[0], target = folders[1], format = **format, output]() -> absl::StatusOr<std::string> {
    const auto checkpoint = Gpt2Checkpoint::Open(source);
    if (!checkpoint.ok()) return checkpoint.status();
    auto config_text = ChangedGpt2ConfigText((*checkpoint)->config_text(), (*checkpoint)->config().layer_count, format);
    if (!config_text.ok()) return config_text.status();
    return Write(
        {.weights = checkpoint->get(), .config_text = *std::move(config_text), .format = format, .companions = source},
        target, output);
  };
}

absl::StatusOr<Action> MakeAccuracy(absl::Span<const std::string> folders, OutputFormat output) {
  if (folders.size() > 1) return absl::InvalidArgumentError("takes one folder or none: accuracy [DIR]");
  return [folder = folders.empty() ? "" : folders[0], output]() -> absl::StatusOr<std::string> {
    absl::StatusOr<std::unique_ptr<WeightSource>> weights;
    if (folder.empty()) {
      weights = SeededWeights::Create(ModelConfig(), /*seed=*/0);
    } else {
      weights = Gpt2Checkpoint::Open(folder);
    }
    if (!weights.ok()) return weights.status();
    StepProgress progress(absl::StrCat("computing ", folder.empty() ? "seeded weights" : folder, " in every type"));
    const int thread_count = std::max(1, static_cast<int>(AllowedCpus().size()));
    const auto reference = RunPrompts(**weights, DataType::kFloat32, thread_count);
    if (!reference.ok()) return reference.status();
    std::vector<TypeAccuracy> types;
    for (const DataType type : {DataType::kBfloat16, DataType::kInt8}) {
      progress.Set(static_cast<double>(types.size() + 1) / 3);
      const auto outputs = RunPrompts(**weights, type, thread_count);
      if (!outputs.ok()) return outputs.status();
      types.push_back({type, Compare(*reference, *outputs, (*weights)->config())});
    }
    return output == OutputFormat::kJson ? AccuracyJson(types) : AccuracyTable(types);
  };
}

absl::StatusOr<Action> MakeTokenize(absl::Span<const std::string> arguments, OutputFormat output) {
  if (arguments.empty()) return absl::InvalidArgumentError("takes a folder and texts: tokenize DIR [TEXT...]");
  std::vector<std::string> texts(arguments.begin() + 1, arguments.end());
  return [folder = arguments[0], texts = std::move(texts), output]() mutable -> absl::StatusOr<std::string> {
    const auto tokenizer = LoadTokenizer(folder);
    if (!tokenizer.ok()) return tokenizer.status();
    if (texts.empty()) texts.emplace_back(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
    std::vector<TokenizedText> tokenized;
    for (std::string& text : texts) {
      auto encoding = tokenizer->EncodeBytes(text);
      if (!encoding.ok()) return encoding.status();
      tokenized.push_back({.text = std::move(text), .encoding = *std::move(encoding)});
    }
    return output == OutputFormat::kJson ? TokensJson(tokenized) : TokensTable(tokenized);
  };
}

}  // namespace

std::vector<Subcommand<Action>> AttndModelCommands() {
  return {
      {"inspect", MakeInspect, {}},
      {"init",
       MakeInit,
       {"layers", "width", "heads", "context", "vocabulary", "feed_forward", "tied_head", "seed", "dtype",
        "overwrite"}},
      {"grow", MakeGrow, {"layers", "new_layers", "dtype", "overwrite"}},
      {"convert", MakeConvert, {"dtype", "overwrite"}},
      {"accuracy", MakeAccuracy, {}},
      {"tokenize", MakeTokenize, {}},
  };
}

}  // namespace attnd::client
