#include "emulator.hpp"

#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <utility>

#include "qmp.hpp"
#include "servers.hpp"

namespace recado::lab {

namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

constexpr std::size_t seed_bytes = 64, eeprom_bytes = 16'384;
constexpr auto start_limit = 10s, goodbye_limit = 15s, end_limit = 5s;
constexpr int look_every_ms = 100;
constexpr const char* own_monitor_socket = "own-monitor";
/// The LEDs: the two of the FPGAIO block, and the eight of the SCC, of which the third is used.
constexpr unsigned led_count = 3;
constexpr std::uint32_t leds_of_fpgaio = 0x40028000, leds_of_scc = 0x4002f004;

void write_private(const std::filesystem::path& file, const std::string& content) {
  const file_descriptor to = create_private(file);
  if (write(to.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size()))
    throw lab_error{"cannot write " + file.string() + ": " + std::strerror(errno)};
}

/// The board's chance: new bytes for each run.
void write_seed(const std::filesystem::path& file) {
  std::string seed(seed_bytes, 0);
  if (getrandom(seed.data(), seed.size(), 0) != static_cast<ssize_t>(seed.size()))
    throw lab_error{"the system has no random bytes for the board"};
  write_private(file, seed);
}

/// The board's memory outlives the run; a new one is erased.
void keep_eeprom(const std::filesystem::path& file) {
  std::error_code missing;
  if (std::filesystem::file_size(file, missing) != eeprom_bytes || missing)
    write_private(file, std::string(eeprom_bytes, '\xff'));
}

void try_ip(std::initializer_list<std::string> words, const std::filesystem::path& log) {
  command what{{"ip"}, log};
  what.words.insert(what.words.end(), words);
  run(what);
}

void ip(std::initializer_list<std::string> words, const std::filesystem::path& log) {
  command what{{"ip"}, log};
  what.words.insert(what.words.end(), words);
  if (run(what) != 0) throw lab_error{"the board's wire can't be laid; see " + log.string()};
}

/// The wire from the host's interface to QEMU: a bridge with a tap device.
class wire {
 public:
  explicit wire(std::filesystem::path log) : log_(std::move(log)) {
    const std::string bridge{wire_bridge}, tap{tap_interface}, host{host_interface};
    take_away();
    ip({"link", "add", bridge, "type", "bridge", "forward_delay", "0", "mcast_snooping", "0"}, log_);
    ip({"tuntap", "add", tap, "mode", "tap"}, log_);
    for (const std::string& each : {bridge, tap, host}) ip({"link", "set", each, "addrgenmode", "none"}, log_);
    for (const std::string& each : {tap, host}) ip({"link", "set", each, "master", bridge, "up"}, log_);
    ip({"link", "set", bridge, "up"}, log_);
  }
  ~wire() { take_away(); }
  wire(const wire&) = delete;
  wire& operator=(const wire&) = delete;

 private:
  void take_away() const {
    for (const std::string_view each : {tap_interface, wire_bridge})
      try_ip({"link", "delete", std::string{each}}, log_);
    try_ip({"link", "set", std::string{host_interface}, "down", "nomaster"}, log_);
  }
  std::filesystem::path log_;
};

/// True while the cable of the host's interface is plugged in.
bool has_carrier() {
  const file_descriptor any{socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  ifreq asked{};
  host_interface.copy(asked.ifr_name, sizeof asked.ifr_name - 1);
  return ioctl(any.get(), SIOCGIFFLAGS, &asked) == 0 && (asked.ifr_flags & IFF_RUNNING) != 0;
}

/// As the value of one of QEMU's options.
std::string quoted(const std::filesystem::path& file) {
  std::string text;
  for (const char each : std::filesystem::absolute(file).string()) text.append(each == ',' ? 2 : 1, each);
  return text;
}

std::vector<std::string> words_for(const emulator_files& files, const emulator_options& options) {
  const auto socket = [](const char* name) { return std::string{"path="} + name + ",server=on,wait=off"; };
  const auto unix_socket = [](const char* name) { return std::string{"unix:"} + name + ",server=on,wait=off"; };
  std::vector<std::string> words{
      find_program("qemu-system-arm"), "-machine", "mps2-an500", "-display", "none", "-monitor", "none", "-chardev",
      "stdio,id=console,signal=off", "-serial", "chardev:console", "-chardev",
      "socket,id=button," + socket(button_socket), "-serial", "chardev:button", "-qmp", unix_socket(monitor_socket),
      "-qmp", unix_socket(own_monitor_socket), "-netdev",
      "tap,id=" + std::string{wire_device} + ",ifname=" + std::string{tap_interface} + ",script=no,downscript=no",
      "-net", "nic,model=lan9118,netdev=" + std::string{wire_device},
      // QEMU runs in the folder of these files: so their names have nothing that it would take for options.
      "-drive", "if=none,id=eeprom,format=raw,file=" + files.eeprom().filename().string(), "-device",
      "at24c-eeprom,bus=i2c,address=0x50,drive=eeprom,rom-size=" + std::to_string(eeprom_bytes), "-device",
      "loader,addr=0x60000000,force-raw=on,file=" + files.seed().filename().string(), "-kernel",
      options.image.string()};
  if (!options.dump.empty())
    words.insert(words.end(), {"-object", "filter-dump,id=dump,netdev=" + std::string{wire_device} +
                                              ",file=" + quoted(options.dump)});
  words.insert(words.end(), options.more.begin(), options.more.end());
  return words;
}

/// QEMU while it runs, and what happens to it.
class emulation {
 public:
  emulation(const emulator_options& options, const emulator_sight& seen)
      : files_(emulator_files_of(options.where)), seen_(seen) {
    block_signals();
    if (!options.dump.empty()) write_private(options.dump, {});  // QEMU leaves its rights as they are
    start_qemu(options);
    monitor_.emplace(files_.root, own_monitor_socket, start_limit);
    button_ = connect_in(files_.root, button_socket, start_limit);
  }
  ~emulation() {
    if (process_ != 0 && !wait_for(process_, 0ms)) kill(process_, SIGKILL), wait_for(process_);
  }
  emulation(const emulation&) = delete;
  emulation& operator=(const emulation&) = delete;

  int run() {
    while (read_console()) {
      if (const auto ended = leave_if_due()) return *ended;
      look();
    }
    return finish();
  }

 private:
  void block_signals() {
    const sigset_t mask = ending_signals();
    sigprocmask(SIG_BLOCK, &mask, &before_);
    signals_ = file_descriptor{signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK)};
  }
  void start_qemu(const emulator_options& options);
  bool read_console();
  void take_signal();
  std::optional<int> leave_if_due();
  void look();
  void look_through_monitor();
  int finish();

  emulator_files files_;
  const emulator_sight& seen_;
  sigset_t before_{};
  pid_t process_ = 0;
  file_descriptor console_, button_, signals_;
  std::optional<qmp> monitor_;
  unsigned signals_taken_ = 0;
  std::optional<clock::time_point> goodbye_until_;
  std::string last_words_;  // since the button was pressed
  bool plugged_ = true;
  std::array<bool, led_count> lights_{};
};

void emulation::start_qemu(const emulator_options& options) {
  auto [from_board, to_runner] = make_pipe();
  const pid_t parent = getpid();
  process_ = start({words_for(files_, options), {}}, [&, output = to_runner.get()] {
    const file_descriptor nothing{open("/dev/null", O_RDONLY | O_CLOEXEC)};
    const file_descriptor log{open(files_.log().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
    dup2(nothing.get(), STDIN_FILENO), dup2(output, STDOUT_FILENO), dup2(log.get(), STDERR_FILENO);
    if (chdir(files_.root.c_str()) != 0)
      throw lab_error{"the lab's folder " + files_.root.string() + " was removed; start the lab again"};
    end_with_parent(parent, SIGKILL);
    setpgid(0, 0);  // what the terminal sends is for the runner
    sigprocmask(SIG_SETMASK, &before_, nullptr);
  });
  console_ = std::move(from_board);
}

/// Waits for the board to say something, a signal, or the time to look again; false once QEMU has ended.
bool emulation::read_console() {
  pollfd waiting[] = {{console_.get(), POLLIN, 0}, {signals_.get(), POLLIN, 0}};
  if (poll(waiting, 2, look_every_ms) < 0 && errno != EINTR) return false;
  if (waiting[1].revents != 0) take_signal();
  if (waiting[0].revents == 0) return true;
  char piece[4096];
  const ssize_t count = read(console_.get(), piece, sizeof piece);
  if (count <= 0) return false;
  const std::string_view text{piece, static_cast<std::size_t>(count)};
  seen_.console(text);
  if (goodbye_until_) last_words_ += text;
  return true;
}

void emulation::take_signal() {
  signalfd_siginfo what{};
  if (read(signals_.get(), &what, sizeof what) != sizeof what) return;
  ++signals_taken_;
  if (!goodbye_until_) goodbye_until_ = clock::now() + goodbye_limit;
  if (send(button_.get(), "!", 1, MSG_NOSIGNAL) != 1) goodbye_until_ = clock::now();
}

/// A board that has said goodbye waits for its reset, unless it was built for an emulator that ends with it.
std::optional<int> emulation::leave_if_due() {
  if (!goodbye_until_) return std::nullopt;
  const bool has_ended = last_words_.find("\nended\r\n") != std::string::npos;
  if (!has_ended && signals_taken_ < 2 && clock::now() < *goodbye_until_) return std::nullopt;
  try {
    monitor_->quit();
  } catch (const lab_error&) {  // it has ended by itself meanwhile, and its status says how
  }
  while (read_console()) {
  }
  const int status = wait_for(std::exchange(process_, 0));
  if (has_ended) return status;
  throw lab_error{"the board was ended without its goodbye"};
}

/// A board may end while it is being looked at; what it said last and its status come then.
void emulation::look() {
  try {
    look_through_monitor();
  } catch (const lab_error&) {
    if (!wait_until([&] { return start_time(process_) == 0; }, end_limit)) throw;
  }
}

void emulation::look_through_monitor() {
  if (const bool plugged = has_carrier(); plugged != plugged_) monitor_->set_link(wire_device, plugged_ = plugged);
  const std::uint32_t first = monitor_->read_words(leds_of_fpgaio, 1)[0];
  const std::uint32_t second = monitor_->read_words(leds_of_scc, 1)[0];
  const std::array<bool, led_count> lights{(first & 1) != 0, (first & 2) != 0, (second & 4) != 0};
  for (unsigned i = 0; i < led_count; ++i)
    if (lights[i] != lights_[i]) seen_.light(i + 1, lights[i]);
  lights_ = lights;
}

/// QEMU has closed the console: its status is the board's verdict.
int emulation::finish() {
  const auto status = wait_for(process_, end_limit);
  if (!status) throw lab_error{"QEMU doesn't end; see " + files_.log().string()};
  process_ = 0;
  return *status;
}

/// One board at a time.
file_descriptor lock_board(const emulator_files& files) {
  file_descriptor lock{open((files.root / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!lock || flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
    throw lab_error{"the emulated board runs already; end it first"};
  return lock;
}

}  // namespace

emulator_files emulator_files_of(const folder& where) { return {where.root / "emulated"}; }

int emulate(const emulator_options& options, const emulator_sight& seen) {
  const emulator_files files = emulator_files_of(options.where);
  std::filesystem::create_directories(files.root);
  std::filesystem::permissions(files.root, std::filesystem::perms::owner_all);
  const auto lock = lock_board(files);
  write_seed(files.seed());
  keep_eeprom(files.eeprom());
  for (const char* each : {monitor_socket, own_monitor_socket, button_socket})
    std::filesystem::remove(files.root / each);
  const wire laid{files.root / "wire.log"};
  try {
    return emulation{options, seen}.run();
  } catch (const lab_error& error) {
    std::ifstream log{files.log()};
    std::string line;
    if (std::getline(log, line)) throw lab_error{error.text + " (" + line + ")"};
    throw;
  }
}

}  // namespace recado::lab
