#include "command.hpp"

namespace recado::app {

std::span<const add_command> commands() {
  static constexpr add_command all[] = {add_run,    add_firmware, add_messages, add_session,    add_lab,   add_probe,
                                        add_decode, add_bench,    add_pki,      add_completion, add_manual};
  return all;
}

}  // namespace recado::app
