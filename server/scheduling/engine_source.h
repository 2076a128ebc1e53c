// Where a batcher gets the engine that computes its next batch: what allows a model to be replaced between two batches.

#ifndef SERVER_SCHEDULING_ENGINE_SOURCE_H_
#define SERVER_SCHEDULING_ENGINE_SOURCE_H_

#include <functional>
#include <memory>
#include <string>

#include "engine/engine.h"

namespace attnd {

// A model in service. The engine lives as long as somebody computes on it.
struct ServedModel {
  std::shared_ptr<Engine> engine;
  std::string version;  // goes into Request::model_version
};

// Asked before every batch, on the batcher's thread; the whole batch is computed by what it returns. Several batchers
// need several engines: each calls its own source.
using EngineSource = std::function<ServedModel()>;

}  // namespace attnd

#endif  // SERVER_SCHEDULING_ENGINE_SOURCE_H_
