#include "scenario_for_tests.hpp"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

namespace recado::test {
namespace {

using clock = std::chrono::steady_clock;

int milliseconds_until(clock::time_point until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now()).count();
  return left > 0 ? static_cast<int>(left) : 0;
}

int status_of(int raw) { return WIFEXITED(raw) ? WEXITSTATUS(raw) : 128 + WTERMSIG(raw); }

/// Turns this child into the command, which ends with the test at the latest.
[[noreturn]] void become(const words& command) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::vector<char*> arguments;
  for (const auto& each : command) arguments.push_back(const_cast<char*>(each.c_str()));
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  ::_exit(127);
}

}  // namespace

std::string program() {
  const char* named = std::getenv("RECADO_UNDER_TEST");
  return named != nullptr && *named != 0 ? named : RECADO_PROGRAM;
}

std::string emulated_board() {
  const char* named = std::getenv("RECADO_BOARD");
  return named != nullptr ? named : "";
}

std::string last_word(const std::string& output) {
  const auto at = output.rfind(emulated_board().empty() ? "recado run: " : "error: ");
  return at == std::string::npos ? "" : output.substr(at);
}

bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds limit) {
  const auto until = clock::now() + limit;
  while (!condition()) {
    if (clock::now() >= until) return false;
    ::poll(nullptr, 0, 10);
  }
  return true;
}

running::running(const words& command, face which) {
  which == face::terminal ? start_on_terminal(command) : start_on_pipe(command);
  handle_.reset(static_cast<int>(::syscall(SYS_pidfd_open, process_, 0)));
}

void running::start_on_pipe(const words& command) {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  process_ = ::fork();
  if (process_ == 0) {
    const int nothing = ::open("/dev/null", O_RDONLY);
    ::dup2(nothing, STDIN_FILENO);
    ::dup2(ends[1], STDOUT_FILENO);
    ::dup2(ends[1], STDERR_FILENO);
    become(command);
  }
  ::close(ends[1]);
  output_.reset(ends[0]);
}

void running::start_on_terminal(const words& command) {
  int own_end = -1;
  process_ = ::forkpty(&own_end, nullptr, nullptr, nullptr);
  if (process_ == 0) become(command);
  EXPECT_GT(process_, 0);
  ::fcntl(own_end, F_SETFD, FD_CLOEXEC);
  terminal_.reset(own_end);
  output_.reset(::fcntl(own_end, F_DUPFD_CLOEXEC, 0));
}

running::~running() {
  if (process_ <= 0) return;
  signal(SIGTERM);
  if (ended(std::chrono::seconds{8}).status >= 0) return;
  signal(SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

void running::signal(int number) const {
  if (process_ > 0) ::kill(process_, number);
}

void running::types(std::string_view keys) const {
  EXPECT_EQ(::write(terminal_.get(), keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
}

unsigned running::terminal_flags() const {
  termios now{};
  EXPECT_EQ(::tcgetattr(terminal_.get(), &now), 0);
  return now.c_lflag;
}

bool running::read_more(clock::time_point until) {
  pollfd waiting{output_.get(), POLLIN, 0};
  if (!output_ || ::poll(&waiting, 1, milliseconds_until(until)) != 1) return false;
  char piece[4096];
  const auto count = ::read(output_.get(), piece, sizeof piece);
  if (count <= 0) return output_.reset(), false;
  said_.append(piece, static_cast<std::size_t>(count));
  return true;
}

bool running::says(std::string_view text, std::chrono::milliseconds limit) {
  const auto until = clock::now() + limit;
  for (;;) {
    const auto at = said_.find(text, found_);
    if (at != std::string::npos) return found_ = at + text.size(), true;
    if (!read_more(until)) return false;
  }
}

result running::ended(std::chrono::milliseconds limit) {
  const auto until = clock::now() + limit;
  for (;;) {
    pollfd waiting[] = {{handle_.get(), POLLIN, 0}, {output_ ? output_.get() : -1, POLLIN, 0}};
    if (::poll(waiting, 2, milliseconds_until(until)) <= 0) return {-1, said_};
    if (waiting[1].revents != 0) read_more(until);
    else if (waiting[0].revents != 0) break;
  }
  int raw = 0;
  ::waitpid(std::exchange(process_, -1), &raw, 0);
  return {status_of(raw), said_};
}

result run(const words& command, std::chrono::milliseconds limit) { return running{command}.ended(limit); }

result recado(words arguments, std::chrono::milliseconds limit) {
  arguments.insert(arguments.begin(), program());
  return run(arguments, limit);
}

std::filesystem::path own_folder() {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  return std::filesystem::path{RECADO_SCENARIOS} / emulated_board() / test->test_suite_name() / test->name();
}

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  std::ostringstream out;
  out << in.rdbuf();  // a file of /proc may vanish while it is read: that's its end
  return out.str();
}

std::size_t count_in(const std::filesystem::path& file, std::string_view text) {
  const std::string all = content_of(file);
  std::size_t count = 0;
  for (auto at = all.find(text); at != std::string::npos; at = all.find(text, at + text.size())) ++count;
  return count;
}

unsigned mode_of(const std::filesystem::path& file) {
  struct stat found {};
  return ::stat(file.c_str(), &found) == 0 ? found.st_mode & 07777u : 0;
}

words as_an_ordinary_user(const std::filesystem::path& folder) {
  if (::geteuid() != 0) return {};
  constexpr uid_t nobody = 65534;
  EXPECT_EQ(::chown(folder.c_str(), nobody, nobody), 0);
  return {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
}

std::vector<pid_t> processes_with(std::string_view text) {
  std::vector<pid_t> found;
  for (const auto& each : std::filesystem::directory_iterator{"/proc"}) {
    const std::string name = each.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto number = static_cast<pid_t>(std::stol(name));
    if (number != ::getpid() && content_of(each.path() / "cmdline").find(text) != std::string::npos)
      found.push_back(number);
  }
  return found;
}

// Who started the tests (CTest, a shell) may be killed before it could end them: then they end at once, too.
const bool ends_with_parent = ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0;

lab::lab(words options) : folder_(own_folder()) {
  if (std::filesystem::exists(folder_)) recado({"lab", "down", "--dir", folder_.string()});
  std::filesystem::remove_all(folder_);
  options.insert(options.end(), {"--while", std::to_string(::getpid())});
  const result up = (*this)("up", options, std::chrono::seconds{40});
  if (up.status != 0) throw std::runtime_error{up.output};
}

lab::~lab() { (*this)("down"); }

words lab::command(const std::string& verb, const words& arguments) const {
  words all{program(), "lab", verb, "--dir", folder_.string()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

result lab::operator()(const std::string& verb, const words& arguments, std::chrono::milliseconds limit) const {
  return run(command(verb, arguments), limit);
}

void lab::server(const std::string& action, const std::string& name) const {
  const result done = (*this)("server", {action, name});
  EXPECT_EQ(done.status, 0) << done.output;
}

words lab::on_command(const std::string& host, const words& what) const {
  words all = command("exec", {host, "--"});
  all.insert(all.end(), what.begin(), what.end());
  return all;
}

result lab::on(const std::string& host, words what, std::chrono::milliseconds limit) const {
  return run(on_command(host, what), limit);
}

result lab::recado_on(const std::string& host, words arguments, std::chrono::milliseconds limit) const {
  arguments.insert(arguments.begin(), program());
  return on(host, std::move(arguments), limit);
}

words lab::board(const words& arguments) const {
  words all = command("run", {});
  if (!emulated_board().empty()) all.insert(all.end(), {"--board", emulated_board()});
  all.push_back("--");
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

words lab::board_with(const words& settings, words arguments) const {
  for (const auto& each : settings) arguments.insert(arguments.end(), {"--set", each});
  return board(arguments);
}

words lab::visitor(const std::string& program, const words& arguments) const {
  words all{program,
            "-h",
            "10.77.0.2",
            "-p",
            "8883",
            "--cafile",
            pki("root-ca.crt"),
            "--cert",
            pki("clients/visitor-chain.crt"),
            "--key",
            pki("clients/visitor.key")};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return on_command("broker", all);
}

bool lab::logs(const std::string& server, std::string_view text, std::size_t times,
               std::chrono::milliseconds limit) const {
  return eventually([&] { return count_in(log(server), text) >= times; }, limit);
}

}  // namespace recado::test
