// What one engine thread needs for intermediate results.

#ifndef ENGINE_MODEL_WORKER_SCRATCH_H_
#define ENGINE_MODEL_WORKER_SCRATCH_H_

namespace attnd {

// Threads: each worker has its own. The arrays belong to the transformer's activation arena.
struct WorkerScratch {
  float* normed = nullptr;             // [kMaxLinearRows, C], a layer norm's output
  float* feed_forward = nullptr;       // [kMaxLinearRows, F]
  float* logits = nullptr;             // [kMaxLinearRows, OutputHead::kChunkColumns]
  float* attention = nullptr;          // [AttentionScratchSize(context length, D)]
  float* linear_scratchpad = nullptr;  // the largest of all kernels
};

}  // namespace attnd

#endif  // ENGINE_MODEL_WORKER_SCRATCH_H_
