// What StagedFile and StagedFolder have in common.

#ifndef ENGINE_FILES_STAGING_H_
#define ENGINE_FILES_STAGING_H_

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace attnd {

// What it means when something has the target's name already.
enum class ExistingTarget { kRefuse, kReplace };

// `path` from the root on, without "." and "..", and without a slash at the end.
std::string Normalised(const std::string& path);

// Whether anything has that name, be it a link that leads nowhere.
bool Exists(const std::string& path);

// That the folder `target`, which is normalised, is to lie in is there: else NOT_FOUND. That nothing has its name where
// `existing` says so: else ALREADY_EXISTS.
absl::Status CheckTarget(const std::string& target, ExistingTarget existing);

// Calls `make` with "TARGET.unfinished-..." names until it succeeds, and returns that name: it leaves alone what has
// such a name already. Other errors of `make` than ALREADY_EXISTS are returned.
absl::StatusOr<std::string> MakeBeside(const std::string& target,
                                       absl::FunctionRef<absl::Status(const std::string& path)> make);

// So that a name in `folder` outlives a machine that stops.
absl::Status Synchronise(const std::string& folder);

}  // namespace attnd

#endif  // ENGINE_FILES_STAGING_H_
