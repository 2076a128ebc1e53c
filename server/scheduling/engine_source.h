// Where a batcher gets the engine that computes its next batch: what allows a model to be replaced between two batches.

#ifndef SERVER_SCHEDULING_ENGINE_SOURCE_H_
#define SERVER_SCHEDULING_ENGINE_SOURCE_H_

#include <functional>

#include "engine/engine.h"
#include "server/scheduling/request.h"

namespace attnd {

// The engine of the model that `request`, and with it the whole batch, was checked against. Asked before every batch,
// on the batcher's thread. Several batchers need several engines: each calls its own source.
using EngineSource = std::function<Engine&(const Request& request)>;

}  // namespace attnd

#endif  // SERVER_SCHEDULING_ENGINE_SOURCE_H_
