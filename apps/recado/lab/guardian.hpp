// Who ends what still runs on the lab's hosts when the lab has gone.
//
// Commands on a host (recado lab exec, run, shell) are in its network namespace, but not in the keeper's process
// namespace, so the keeper's end doesn't end them, and each would keep its host's network alive. The guardian stands
// outside, notices the keeper's end however it came, and ends them.
#pragma once

#include "plan.hpp"
#include "process.hpp"

namespace recado::lab {

/// Starts the guardian. The keeper must be the only one who holds the result when the lab is up: its closing is its
/// end. Throws lab_error.
file_descriptor start_guardian();

/// Called by the keeper: these are the namespaces that shall end with it.
void tell_guardian(const file_descriptor& guardian, const state& built);

}  // namespace recado::lab
