#include "emulated_board_for_tests.hpp"

namespace recado::test {

namespace {

words command_for(const lab& hosts, const words& settings, words options, words arguments) {
  options.insert(options.end(), {"--board", "mps2-an500", "--"});
  for (const auto& each : settings) options.insert(options.end(), {"--set", each});
  options.insert(options.end(), arguments.begin(), arguments.end());
  return hosts.command("run", options);
}

}  // namespace

board_in_qemu::board_in_qemu(const lab& hosts, const words& settings, words options, words arguments)
    : folder_(recado::lab::emulator_files_of({hosts.folder()}).root),
      process_(command_for(hosts, settings, std::move(options), std::move(arguments))) {}

recado::lab::qmp& board_in_qemu::monitor() {
  if (!monitor_) monitor_.emplace(folder_, recado::lab::monitor_socket, std::chrono::seconds{20});
  return *monitor_;
}

std::array<bool, 3> board_in_qemu::lab_lights(recado::lab::qmp& monitor) {
  const std::uint32_t fpgaio = monitor.read_words(0x40028000, 1)[0];
  const std::uint32_t scc = monitor.read_words(0x4002f000, 3)[1];
  EXPECT_EQ(fpgaio & 3, scc & 3) << "both rows of LEDs show the first two";
  return {(scc & 1) != 0, (scc & 2) != 0, (scc & 4) != 0};
}

}  // namespace recado::test
