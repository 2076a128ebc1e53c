// Files of /proc and /sys.

#ifndef SERVER_KERNEL_FILE_H_
#define SERVER_KERNEL_FILE_H_

#include <fstream>
#include <iterator>
#include <string>

namespace attnd {

// Everything in the file; empty where there is none. Threads: any.
inline std::string ReadKernelFile(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace attnd

#endif  // SERVER_KERNEL_FILE_H_
