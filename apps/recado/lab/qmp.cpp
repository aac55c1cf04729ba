#include "qmp.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <nlohmann/json.hpp>
#include <sstream>

#include "plan.hpp"

namespace recado::lab {

namespace {

using json = nlohmann::json;

constexpr int answer_limit_ms = 10'000;
constexpr const char* ended = "QEMU has ended, and with it the emulated board; start it again";
constexpr const char* wrong_version = "; use the QEMU of Debian 12, 7.2";
constexpr const char* no_answer = "the emulated board's monitor doesn't answer; end QEMU and start it again";

}  // namespace

file_descriptor connect_in(const std::filesystem::path& folder, const std::string& name,
                           std::chrono::milliseconds limit) {
  const file_descriptor home{open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
  const std::string path = "/proc/self/fd/" + std::to_string(home.get()) + '/' + name;
  sockaddr_un address{AF_UNIX, {}};
  if (!home || path.size() >= sizeof address.sun_path) return {};
  path.copy(address.sun_path, path.size());
  file_descriptor result{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const auto attempt = [&] {
    return connect(result.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  };
  if (!wait_until(attempt, limit)) return {};
  return result;
}

qmp::qmp(const std::filesystem::path& folder, const std::string& name, std::chrono::milliseconds limit)
    : socket_(connect_in(folder, name, limit)) {
  if (!socket_) throw lab_error{"the emulated board's monitor isn't there; start the board by 'recado lab run'"};
  next_line();  // QEMU's greeting
  execute("qmp_capabilities");
}

std::string qmp::next_line() {
  for (;;) {
    if (const auto end = read_.find('\n'); end != std::string::npos) {
      std::string line = read_.substr(0, end);
      read_.erase(0, end + 1);
      return line;
    }
    pollfd waiting{socket_.get(), POLLIN, 0};
    char piece[4096];
    if (poll(&waiting, 1, answer_limit_ms) != 1) throw lab_error{no_answer};
    const ssize_t count = read(socket_.get(), piece, sizeof piece);
    if (count <= 0) throw lab_error{ended};
    read_.append(piece, static_cast<std::size_t>(count));
  }
}

std::string qmp::execute(std::string_view command, std::string_view arguments) {
  const std::string text =
      "{\"execute\":\"" + std::string{command} + "\",\"arguments\":" + std::string{arguments} + "}\n";
  if (send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(text.size()))
    throw lab_error{ended};
  for (;;) {
    const json answer = json::parse(next_line(), nullptr, false);
    if (answer.is_discarded()) throw lab_error{no_answer};
    if (answer.contains("return")) return answer["return"].dump();
    if (answer.contains("error"))
      throw lab_error{"QEMU refuses " + std::string{command} + ": " + answer["error"].value("desc", "") +
                      wrong_version};
  }
}

void qmp::set_link(std::string_view name, bool up) { execute("set_link", json{{"name", name}, {"up", up}}.dump()); }

void qmp::reset() { execute("system_reset"); }

void qmp::quit() { execute("quit"); }

std::string qmp::monitor(std::string_view line) {
  const std::string text = execute("human-monitor-command", json{{"command-line", line}}.dump());
  return json::parse(text).get<std::string>();
}

std::vector<std::uint32_t> qmp::read_words(std::uint32_t address, unsigned count) {
  std::ostringstream command;
  command << "xp /" << count << "wx 0x" << std::hex << address;
  std::istringstream answer{monitor(command.str())};  // "0000000040028000: 0x00000001 0x00000000"
  std::vector<std::uint32_t> words;
  for (std::string word; answer >> word;)
    if (!word.ends_with(':')) words.push_back(static_cast<std::uint32_t>(std::stoul(word, nullptr, 16)));
  if (words.size() != count) throw lab_error{std::string{"QEMU's monitor gave no words of memory"} + wrong_version};
  return words;
}

}  // namespace recado::lab
