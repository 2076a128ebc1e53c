#include "server/telemetry/model_metrics.h"

#include "absl/strings/str_cat.h"

namespace attnd {
namespace {

// There is one version of a model until models can be replaced while serving.
constexpr char kModelVersion[] = "1";

prometheus::Gauge* OneGauge(const char* name, const char* help, prometheus::Registry& registry) {
  return &prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
}

}  // namespace

ModelMetrics::ModelMetrics(const std::string& server_version, prometheus::Registry& registry)
    : model_info_(prometheus::BuildGauge()
                      .Name("attnd_model_info")
                      .Help("1 for the model being served; its properties are the labels.")
                      .Register(registry)),
      ready_(OneGauge("attnd_ready", "1 while health says SERVING.", registry)),
      load_seconds_(OneGauge("attnd_model_load_seconds", "Seconds it took to load the model.", registry)) {
  prometheus::BuildGauge()
      .Name("attnd_build_info")
      .Help("1 for this build; its properties are the labels.")
      .Register(registry)
      .Add({{"version", server_version}, {"compiler", absl::StrCat("gcc ", __VERSION__)}})
      .Set(1);
}

void ModelMetrics::SetModel(const std::string& name, const EngineInfo& info) {
  model_info_
      .Add({{"model", name},
            {"version", kModelVersion},
            {"sha256", info.weights_sha256},
            {"dtype", std::string(DataTypeName(info.data_type))},
            {"isa", info.isa},
            {"onednn", info.onednn_version},
            {"layers", absl::StrCat(info.config.layer_count)},
            {"d_model", absl::StrCat(info.config.embedding_length)}})
      .Set(1);
}

}  // namespace attnd
