// The lab's servers: the real ones from Debian's packages, with configurations of the lab's own.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "plan.hpp"
#include "process.hpp"

namespace recado::lab {

/// Lines that the user adds to a server's generated configuration, by the server's name.
using extra_lines = std::map<std::string, std::vector<std::string>, std::less<>>;

/// One server: where it runs, how it is started, and by which port one knows that it is there.
struct server {
  std::string name;
  std::size_t host_index = 0;
  command start;
  bool tcp = false;
  std::uint16_t port = 0;
  pid_t process = 0;  ///< 0: not running
};

/// Where chronyd keeps its process number: in the lab's folder, by its bare name because chronyd takes no spaces.
inline constexpr std::string_view chronyd_number_file = "chronyd.pid";

/// Finds a server program: under build/servers, then where Debian installs it. Throws lab_error if missing.
std::string find_program(const std::string& name);

/// Writes the configurations below `where` and returns the servers of the plan, not started. They start in that folder.
std::vector<server> configure_servers(const folder& where, const plan& addresses, const extra_lines& extra);

/// Writes the device configuration for the board of this lab.
void write_device_config(const folder& where, const plan& addresses);

/// Makes the certificates of the lab with `recado pki`, unless they are there.
void make_certificates(const folder& where);

}  // namespace recado::lab
