#include "tests/client/subprocess.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "gtest/gtest.h"
#include "tests/engine/files/temporary_folder.h"

namespace attnd::client {
namespace {

// An empty file of its own.
std::string TemporaryFile() {
  std::string path = testing::TempDir() + "attnd_client_XXXXXX";
  const int descriptor = mkstemp(path.data());
  EXPECT_GE(descriptor, 0) << path;
  close(descriptor);
  return path;
}

}  // namespace

Subprocess::Subprocess(const std::vector<std::string>& command)
    : out_path_(TemporaryFile()), err_path_(TemporaryFile()) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, out_path_.c_str(), O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, err_path_.c_str(), O_WRONLY, 0);
  EXPECT_EQ(posix_spawn(&process_id_, command.front().c_str(), &files, nullptr, arguments.data(), environ), 0)
      << command.front();
  posix_spawn_file_actions_destroy(&files);
}

Subprocess::~Subprocess() {
  if (process_id_ > 0) {
    Signal(SIGKILL);
    Wait();
  }
  unlink(out_path_.c_str());
  unlink(err_path_.c_str());
}

void Subprocess::Signal(int signal) const { kill(process_id_, signal); }

ProgramResult Subprocess::Wait() {
  int status = 0;
  EXPECT_EQ(waitpid(process_id_, &status, 0), process_id_);
  process_id_ = -1;
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, Content(out_path_), Content(err_path_)};
}

}  // namespace attnd::client
