#include <fstream>

#include "servers.hpp"

namespace recado::lab {

void write_device_config(const folder& where, [[maybe_unused]] const plan& at) {
  std::ofstream out{where.device_config(), std::ios::trunc};
  out << "# The board of the lab, for recado run. Written by recado lab; changes are lost.\n";
  if (!out.flush()) throw lab_error{"cannot write " + where.device_config().string()};
}

}  // namespace recado::lab
