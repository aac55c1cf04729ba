#include "emulated_board_for_tests.hpp"

#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace recado::test {

namespace {

words command_for(const lab& hosts, const words& settings, words options, words arguments) {
  options.insert(options.end(), {"--board", "mps2-an500", "--"});
  for (const auto& each : settings) options.insert(options.end(), {"--set", each});
  options.insert(options.end(), arguments.begin(), arguments.end());
  return hosts.command("run", options);
}

/// QEMU as a debugger sees it: GDB's remote protocol, `$packet#checksum` each way.
class debugger {
 public:
  debugger(const std::filesystem::path& folder, const std::string& name)
      : socket_(recado::lab::connect_in(folder, name, std::chrono::seconds{20})) {}

  std::string ask(const std::string& packet) {
    unsigned sum = 0;
    for (const char each : packet) sum += static_cast<unsigned char>(each);
    char end[4];
    std::snprintf(end, sizeof end, "#%02x", sum & 0xff);
    const std::string whole = '$' + packet + end;
    EXPECT_EQ(::write(socket_.get(), whole.data(), whole.size()), static_cast<ssize_t>(whole.size()));
    std::string answer = next();
    while (answer.starts_with('T') && packet != "?") answer = next();  // it also says by itself that it has stopped
    return answer;
  }

 private:
  std::string next() {
    std::string packet;
    for (char each = 0; each != '$';)
      if (!read_one(each)) return {};
    for (char each = 0; read_one(each) && each != '#';) packet += each;
    char sum[2];
    (void)read_one(sum[0]), (void)read_one(sum[1]);
    EXPECT_EQ(::write(socket_.get(), "+", 1), 1);
    return packet;
  }
  bool read_one(char& into) const {
    pollfd waiting{socket_.get(), POLLIN, 0};
    return ::poll(&waiting, 1, 10'000) == 1 && ::read(socket_.get(), &into, 1) == 1;
  }

  recado::lab::file_descriptor socket_;
};

}  // namespace

one_tls_version::one_tls_version(const std::string& version) {
  const auto folder = own_folder();
  std::filesystem::create_directories(folder.parent_path());
  const std::string config = folder.string() + ".cnf";
  std::ofstream{config} << "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = limit\n[limit]\n"
                        << "MinProtocol = TLSv" << version << "\nMaxProtocol = TLSv" << version << '\n';
  ::setenv("OPENSSL_CONF", config.c_str(), 1);
}

one_tls_version::~one_tls_version() { ::unsetenv("OPENSSL_CONF"); }

board_in_qemu::board_in_qemu(const lab& hosts, const words& settings, words options, words arguments)
    : folder_(recado::lab::emulator_files_of({hosts.folder()}).root),
      process_(command_for(hosts, settings, std::move(options), std::move(arguments))) {}

recado::lab::qmp& board_in_qemu::monitor() {
  if (!monitor_) monitor_.emplace(folder_, recado::lab::monitor_socket, std::chrono::seconds{20});
  return *monitor_;
}

// The two bytes are `b .`; code lies in RAM here, and QEMU puts it there anew with each reset.
std::uint32_t board_in_qemu::hang() {
  EXPECT_EQ(monitor().monitor("gdbserver unix:debugger,server=on,wait=off").find("rror"), std::string::npos);
  debugger gdb{folder_, "debugger"};
  EXPECT_EQ(gdb.ask("?").substr(0, 1), "T");
  constexpr std::size_t digits = 8, counter = 15;  // all registers, of each the lowest byte first
  const std::string registers = gdb.ask("g");
  if (registers.size() < (counter + 1) * digits) return ADD_FAILURE() << "registers: '" << registers << '\'', 0u;
  const std::string bytes = registers.substr(counter * digits, digits);
  const auto place = __builtin_bswap32(static_cast<std::uint32_t>(std::stoul(bytes, nullptr, 16)));
  char write[32];
  std::snprintf(write, sizeof write, "M%x,2:fee7", place);
  EXPECT_EQ(gdb.ask(write), "OK");
  EXPECT_EQ(gdb.ask("D"), "OK");
  return place;
}

std::array<bool, 3> board_in_qemu::lab_lights(recado::lab::qmp& monitor) {
  const std::uint32_t fpgaio = monitor.read_words(0x40028000, 1)[0];
  const std::uint32_t scc = monitor.read_words(0x4002f000, 3)[1];
  EXPECT_EQ(fpgaio & 3, scc & 3) << "both rows of LEDs show the first two";
  return {(scc & 1) != 0, (scc & 2) != 0, (scc & 4) != 0};
}

}  // namespace recado::test
