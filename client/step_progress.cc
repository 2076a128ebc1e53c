#include "client/step_progress.h"

#include <unistd.h>

#include <chrono>
#include <iostream>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "client/terminal.h"

namespace attnd::client {

StepProgress::StepProgress(std::string what)
    : what_(std::move(what)), thread_([this] { isatty(STDERR_FILENO) != 0 ? DrawOnTerminal() : WriteLines(); }) {}

StepProgress::~StepProgress() {
  finished_.Notify();
  thread_.join();
}

void StepProgress::DrawOnTerminal() {
  const auto start = std::chrono::steady_clock::now();
  do {
    const absl::Duration elapsed = absl::FromChrono(std::chrono::steady_clock::now() - start);
    const double fraction = fraction_;
    std::cerr << kRedraw;
    if (fraction > 0) std::cerr << Bar(fraction) << absl::StreamFormat(" %3.0f %%  ", fraction * 100);
    std::cerr << what_ << ", " << absl::ToInt64Seconds(elapsed) << " s" << std::flush;
  } while (!finished_.WaitForNotificationWithTimeout(kRedrawInterval));
  std::cerr << kRedraw << std::flush;
}

void StepProgress::WriteLines() {
  std::cerr << what_ << "\n" << std::flush;
  while (!finished_.WaitForNotificationWithTimeout(kLogInterval)) {
    const double fraction = fraction_;
    if (fraction > 0) std::cerr << what_ << absl::StreamFormat(": %.0f %%\n", fraction * 100) << std::flush;
  }
}

}  // namespace attnd::client
