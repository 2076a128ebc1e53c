// Runs a program to its end.

#ifndef TESTS_CLIENT_SUBPROCESS_H_
#define TESTS_CLIENT_SUBPROCESS_H_

#include <string>
#include <vector>

namespace attnd::client {

struct ProgramResult {
  // -1 when a signal ended it.
  int exit_code = -1;
  std::string out;
  std::string err;
};

// A program that runs.
//
// Owns: the process, which is waited for, and the files that collect what it prints.
class Subprocess {
 public:
  // `command` is the program's path and its arguments.
  explicit Subprocess(const std::vector<std::string>& command);
  ~Subprocess();

  Subprocess(const Subprocess&) = delete;
  Subprocess& operator=(const Subprocess&) = delete;

  void Signal(int signal) const;
  ProgramResult Wait();

 private:
  int process_id_ = -1;
  std::string out_path_;
  std::string err_path_;
};

inline ProgramResult RunProgram(const std::vector<std::string>& command) { return Subprocess(command).Wait(); }

}  // namespace attnd::client

#endif  // TESTS_CLIENT_SUBPROCESS_H_
