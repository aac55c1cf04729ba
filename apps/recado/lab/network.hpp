// The lab's network: namespaces, veth pairs and a bridge.
#pragma once

#include <sys/types.h>
#include <array>
#include <string>

#include "plan.hpp"

namespace recado::lab {

/// A process that does nothing but hold a network namespace open.
struct holder {
  pid_t here = 0;   ///< its number in the process namespace of the caller
  pid_t above = 0;  ///< its number as the machine sees it
};

/// This process's number as the machine sees it, even inside a process namespace of its own.
pid_t number_above();

/// Leaves this process's namespaces for new ones (network and processes; for one without privileges also
/// users). The next child is the first of its process namespace. False if the system doesn't allow it.
bool unshare_namespaces();

/// Makes the hosts' namespaces and joins them: called by the first process of the new namespaces.
std::array<holder, hosts.size()> build_network();

/// Pulls a host's cable or plugs it in again. Called where `build_network` was.
void set_cable(std::string_view host_name, bool plugged);

/// Sends a frame with this text over an interface of the caller's network namespace: Ethernet's type for local
/// experiments, which no host takes for its own.
bool send_mark(std::string_view interface, std::string_view text);

/// True if a socket in the network namespace of `process` listens on this port.
bool listens(pid_t process, bool tcp, std::uint16_t port);

}  // namespace recado::lab
