#include "client/ctl/reload_progress.h"

#include <unistd.h>

#include <chrono>
#include <iostream>

#include "absl/time/time.h"
#include "client/terminal.h"

namespace attnd::client {

ReloadProgress::ReloadProgress() {
  if (isatty(STDERR_FILENO) != 0) {
    thread_ = std::thread([this] { CountOnTerminal(); });
  } else {
    std::cerr << "loading the model beside the one being served\n";
  }
}

ReloadProgress::~ReloadProgress() {
  finished_.Notify();
  if (thread_.joinable()) thread_.join();
}

void ReloadProgress::CountOnTerminal() {
  const auto start = std::chrono::steady_clock::now();
  do {
    const absl::Duration elapsed = absl::FromChrono(std::chrono::steady_clock::now() - start);
    std::cerr << kRedraw << "loading the model beside the one being served, " << absl::ToInt64Seconds(elapsed) << " s"
              << std::flush;
  } while (!finished_.WaitForNotificationWithTimeout(kRedrawInterval));
  std::cerr << kRedraw << std::flush;
}

}  // namespace attnd::client
