#include "server/telemetry/model_metrics.h"

#include "absl/strings/str_cat.h"

namespace attnd {
namespace {

constexpr const char* kReloadOutcomes[] = {"done", "failed", "refused"};

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
      certificate_expiry_(OneGauge("attnd_tls_cert_expiry_timestamp_seconds",
                                   "When the server's certificate expires, in seconds since 1970; 0 without TLS.",
                                   registry)),
      load_seconds_(OneGauge("attnd_model_load_seconds", "Seconds it took to load the model.", registry)),
      warm_up_seconds_(OneGauge("attnd_warmup_seconds", "Seconds the model's first forward pass took.", registry)) {
  auto& reloads = prometheus::BuildCounter()
                      .Name("attnd_model_reloads_total")
                      .Help("Attempts to replace the model, by what became of them.")
                      .Register(registry);
  for (size_t outcome = 0; outcome < kReloadOutcomeCount; ++outcome) {
    reloads_[outcome] = &reloads.Add({{"outcome", kReloadOutcomes[outcome]}});
  }
  prometheus::BuildGauge()
      .Name("attnd_build_info")
      .Help("1 for this build; its properties are the labels.")
      .Register(registry)
      .Add({{"version", server_version}, {"compiler", absl::StrCat("gcc ", __VERSION__)}})
      .Set(1);
}

void ModelMetrics::SetModel(const std::string& name, const std::string& version, const EngineInfo& info) {
  if (present_model_ != nullptr) model_info_.Remove(present_model_);
  present_model_ = &model_info_.Add({{"model", name},
                                     {"version", version},
                                     {"sha256", info.weights_sha256},
                                     {"dtype", std::string(DataTypeName(info.data_type))},
                                     {"isa", info.isa},
                                     {"onednn", info.onednn_version},
                                     {"layers", absl::StrCat(info.config.layer_count)},
                                     {"d_model", absl::StrCat(info.config.embedding_length)}});
  present_model_->Set(1);
}

}  // namespace attnd
