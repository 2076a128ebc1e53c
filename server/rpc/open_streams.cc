#include "server/rpc/open_streams.h"

#include <utility>
#include <vector>

namespace attnd {

void OpenStreams::Add(const std::shared_ptr<Drainable>& stream) {
  {
    const absl::MutexLock lock(&mutex_);
    streams_.emplace(stream.get(), stream);
    if (!draining_) return;
  }
  stream->Drain();
}

void OpenStreams::Remove(const Drainable* stream) {
  const absl::MutexLock lock(&mutex_);
  streams_.erase(stream);
}

void OpenStreams::Drain() {
  std::vector<std::shared_ptr<Drainable>> open;
  {
    const absl::MutexLock lock(&mutex_);
    draining_ = true;
    for (const auto& [key, stream] : streams_) {
      if (auto alive = stream.lock()) open.push_back(std::move(alive));
    }
  }
  for (const auto& stream : open) stream->Drain();
}

}  // namespace attnd
