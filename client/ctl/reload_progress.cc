#include "client/ctl/reload_progress.h"

#include <unistd.h>

#include <chrono>
#include <iostream>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace attnd::client {
namespace {

constexpr absl::Duration kInterval = absl::Milliseconds(200);
// Back to the start of the line, the rest of it erased.
constexpr absl::string_view kRedraw = "\r\x1b[K";

}  // namespace

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
  } while (!finished_.WaitForNotificationWithTimeout(kInterval));
  std::cerr << kRedraw << std::flush;
}

}  // namespace attnd::client
