// The process that keeps a lab up: it owns the namespaces and the servers, and ends both with itself.
#pragma once

#include <string>

#include "plan.hpp"
#include "servers.hpp"

namespace recado::lab {

/// How to keep the lab.
struct keeper_options {
  folder where;
  plan addresses;
  extra_lines extra;
  bool tied = false;  ///< ends when the process that started it ends
  pid_t tied_to = 0;  ///< ends when this process ends; 0: no process
};

/// Starts the keeper and returns its state once all servers answer. Throws lab_error otherwise.
state start_keeper(const keeper_options& options);

/// Sends one request to the keeper ("stop mosquitto", "start mosquitto", "unplug board", "plug board",
/// "servers") and returns its answer. Throws lab_error with the keeper's words if it refuses.
std::string ask_keeper(const folder& where, const std::string& request);

}  // namespace recado::lab
