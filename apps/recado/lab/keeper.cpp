#include "keeper.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sstream>

#include "guardian.hpp"
#include "network.hpp"

namespace recado::lab {

namespace {

using namespace std::chrono_literals;

constexpr auto server_start_limit = 10s;
constexpr auto server_stop_limit = 3s;
constexpr auto answer_limit_ms = 20'000;

file_descriptor control_socket(const folder& where, bool listening) {
  // The path of a Unix socket has at most 107 characters, that of a folder many more: so go there first.
  const file_descriptor home{open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)};
  if (chdir(where.root.c_str()) != 0)
    throw lab_error{"no lab in " + where.root.string() + ": run 'recado lab up' first"};
  file_descriptor result{socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0)};
  sockaddr_un name{AF_UNIX, "control"};
  const auto* address = reinterpret_cast<const sockaddr*>(&name);
  bool done = false;
  if (listening) {
    unlink(name.sun_path);
    done = bind(result.get(), address, sizeof name) == 0 && listen(result.get(), 8) == 0;
  } else {
    done = connect(result.get(), address, sizeof name) == 0;
  }
  const int error = errno;
  if (fchdir(home.get()) != 0 || !done)
    throw lab_error{"cannot reach the lab in " + where.root.string() + ": " + std::strerror(error) +
                    "; 'recado lab status' says whether it is up"};
  return result;
}

class keeper {
 public:
  explicit keeper(const keeper_options& options) : options_(options) {}

  state build() {
    state result{options_.addresses.how, number_above(), 0, {}};
    result.keeper_started = start_time(result.keeper);
    result.holders.fill(result.keeper);
    if (options_.addresses.how == mode::namespaces) {
      const auto holders = build_network();
      for (std::size_t i = 0; i < hosts.size(); ++i) result.holders[i] = holders[i].above;
    }
    holders_ = result.holders;
    servers_ = configure_servers(options_.where, options_.addresses, options_.extra);
    for (auto& each : servers_) start_server(each);
    return result;
  }

  /// Serves requests until a signal or the end of the process that it is tied to.
  void serve(const file_descriptor& control, const file_descriptor& signals, const file_descriptor& lifeline) {
    for (;;) {
      pollfd wait[] = {{signals.get(), POLLIN, 0}, {control.get(), POLLIN, 0}, {lifeline.get(), POLLIN, 0}};
      if (poll(wait, 3, -1) < 0 && errno != EINTR) return;
      if (wait[0].revents != 0 && !continues_after_signal(signals)) return;
      if (wait[1].revents != 0) answer(control);
      if (wait[2].revents != 0) return;
    }
  }

  void stop_servers() {
    for (auto& each : servers_)
      if (each.process != 0) stop_server(each);
  }

 private:
  void start_server(server& each) {
    const pid_t where = holders_[each.host_index];
    // One that was killed left its number, which another process of the new namespace may have now.
    std::filesystem::remove(options_.where.root / chronyd_number_file);
    each.process = start(each.start, [&] {
      if (chdir(options_.where.root.c_str()) != 0)
        throw lab_error{"the lab's folder " + options_.where.root.string() + " was removed; start the lab again"};
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      sigset_t none;
      sigemptyset(&none);
      sigprocmask(SIG_SETMASK, &none, nullptr);
      if (options_.addresses.how == mode::namespaces) enter_namespaces(where);
    });
    const bool there =
        wait_until([&] { return listens(where, each.tcp, each.port) || ended(each); }, server_start_limit);
    if (!there || each.process == 0)
      throw lab_error{each.name + " did not start; its log says why: " + options_.where.log(each.name).string()};
  }

  void stop_server(server& each) {
    kill(each.process, SIGTERM);
    if (!wait_for(each.process, server_stop_limit)) {
      kill(each.process, SIGKILL);
      wait_for(each.process);
    }
    each.process = 0;
  }

  /// Notices a server that ended by itself.
  bool ended(server& each) {
    if (each.process != 0 && waitpid(each.process, nullptr, WNOHANG) == each.process) each.process = 0;
    return each.process == 0;
  }

  bool continues_after_signal(const file_descriptor& signals) {
    signalfd_siginfo signal{};
    if (read(signals.get(), &signal, sizeof signal) != sizeof signal) return true;
    if (signal.ssi_signo != SIGCHLD) return false;
    for (auto& each : servers_) ended(each);
    return true;
  }

  void answer(const file_descriptor& control) {
    const file_descriptor peer{accept4(control.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    char request[256];
    const ssize_t length = recv(peer.get(), request, sizeof request, 0);
    if (length <= 0) return;
    std::string reply;
    try {
      reply = "+" + obey({request, static_cast<std::size_t>(length)});
    } catch (const lab_error& error) {
      reply = "-" + error.text;
    }
    send(peer.get(), reply.data(), reply.size(), MSG_NOSIGNAL);
  }

  std::string obey(const std::string& request) {
    std::istringstream in{request};
    std::string verb, name;
    in >> verb >> name;
    if (verb == "servers") return list();
    if (verb == "plug" || verb == "unplug") return move_cable(name, verb == "plug"), "";
    const auto which = std::ranges::find(servers_, name, &server::name);
    if (which == servers_.end()) throw lab_error{"no server '" + name + "' in the lab: dnsmasq, chronyd or mosquitto"};
    if (verb == "stop" || verb == "restart") {
      if (which->process != 0) stop_server(*which);
    }
    if (verb == "start" || verb == "restart") {
      if (which->process == 0) start_server(*which);
    }
    return "";
  }

  void move_cable(const std::string& name, bool plugged) {
    if (options_.addresses.how == mode::loopback)
      throw lab_error{"a lab on loopback has no cables; run it as root, or where user namespaces are allowed"};
    if (std::ranges::find(hosts, name, &host::name) == hosts.end())
      throw lab_error{"no host '" + name + "' in the lab: router, broker or board"};
    set_cable(name, plugged);
  }

  std::string list() const {
    std::string text;
    for (const auto& each : servers_)
      text +=
          each.name + ' ' + std::string{hosts[each.host_index].name} + ' ' + (each.process != 0 ? "up" : "down") + '\n';
    return text;
  }

  const keeper_options& options_;
  std::array<pid_t, hosts.size()> holders_{};
  std::vector<server> servers_;
};

/// Reports to the starter: '+' and the state, or '-' and what went wrong.
void report(const file_descriptor& to, char sign, const void* data, std::size_t size) {
  std::string message(1, sign);
  message.append(static_cast<const char*>(data), size);
  if (write(to.get(), message.data(), message.size()) < 0) _exit(1);
}

/// What connects a keeper with others.
struct ties {
  file_descriptor starter;   ///< who waits for its report
  file_descriptor lifeline;  ///< readable when the lab shall end
  file_descriptor guardian;
};

/// Lets go of what whoever started the lab had open (terminal, pipes, the lock), but for its ties.
void detach(const folder& where, const ties& to) {
  for (int number = 3; number < static_cast<int>(sysconf(_SC_OPEN_MAX)) && number < 4096; ++number)
    if (number != to.starter.get() && number != to.lifeline.get() && number != to.guardian.get()) ::close(number);
  const file_descriptor null{open("/dev/null", O_RDONLY | O_CLOEXEC)};
  const file_descriptor log{open(where.log("keeper").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)};
  dup2(null.get(), STDIN_FILENO);
  dup2(log.get(), STDOUT_FILENO);
  dup2(log.get(), STDERR_FILENO);
}

[[noreturn]] void keep(const keeper_options& options, ties to) {
  detach(options.where, to);
  sigset_t mask = ending_signals();
  sigaddset(&mask, SIGCHLD);
  sigprocmask(SIG_BLOCK, &mask, nullptr);
  const file_descriptor signals{signalfd(-1, &mask, SFD_CLOEXEC)};
  keeper self{options};
  try {
    const state built = self.build();
    if (to.guardian) tell_guardian(to.guardian, built);
    const auto control = control_socket(options.where, true);
    report(to.starter, '+', &built, sizeof built);
    to.starter.reset();
    self.serve(control, signals, to.lifeline);
  } catch (const lab_error& error) {
    if (to.starter) report(to.starter, '-', error.text.data(), error.text.size());
  }
  self.stop_servers();
  _exit(0);
}

/// The child that leaves the namespaces and, where that makes a new process namespace, forks the keeper.
[[noreturn]] void enter_new_namespaces(const keeper_options& options, ties to) {
  setsid();
  if (options.addresses.how == mode::loopback) keep(options, std::move(to));
  to.guardian = start_guardian();
  if (!unshare_namespaces()) {
    report(to.starter, '!', "", 0);
    _exit(1);
  }
  const pid_t child = fork();
  if (child == 0) keep(options, std::move(to));
  _exit(child < 0 ? 1 : 0);
}

std::string read_all(const file_descriptor& from) {
  std::string text;
  char piece[512];
  for (ssize_t got = 0; (got = read(from.get(), piece, sizeof piece)) > 0;)
    text.append(piece, static_cast<std::size_t>(got));
  return text;
}

}  // namespace

state start_keeper(const keeper_options& options) {
  auto [from_keeper, to_starter] = make_pipe();
  auto [lifeline, held] = make_pipe();
  if (!options.tied) lifeline = options.tied_to != 0 ? open_process(options.tied_to) : file_descriptor{};
  if (options.tied_to != 0 && !lifeline)
    throw lab_error{"there is no process " + std::to_string(options.tied_to) + " for --while to watch"};
  const pid_t child = fork();
  if (child < 0) throw no_room("a process");
  if (child == 0) {
    from_keeper.reset();
    held.reset();
    enter_new_namespaces(options, {std::move(to_starter), std::move(lifeline), {}});
  }
  to_starter.reset();
  const std::string answer = read_all(from_keeper);
  if (options.addresses.how == mode::namespaces) wait_for(child);
  if (answer.starts_with('!')) throw lab_error{"namespaces are not allowed here"};
  if (answer.size() != 1 + sizeof(state) || answer[0] != '+')
    throw lab_error{answer.empty() ? "the lab's keeper was ended from outside; start the lab again" : answer.substr(1)};
  state result;
  std::memcpy(&result, answer.data() + 1, sizeof result);
  if (options.tied) [[maybe_unused]]
    const int open_until_this_process_ends = fcntl(held.get(), F_DUPFD_CLOEXEC, 0);
  return result;
}

std::string ask_keeper(const folder& where, const std::string& request) {
  const auto control = control_socket(where, false);
  send(control.get(), request.data(), request.size(), MSG_NOSIGNAL);
  pollfd wait{control.get(), POLLIN, 0};
  char reply[1024];
  const ssize_t length = poll(&wait, 1, answer_limit_ms) == 1 ? recv(control.get(), reply, sizeof reply, 0) : 0;
  if (length <= 0) throw lab_error{"the lab in " + where.root.string() + " does not answer; take it down and up again"};
  const std::string text(reply + 1, static_cast<std::size_t>(length) - 1);
  if (reply[0] != '+') throw lab_error{text};
  return text;
}

}  // namespace recado::lab
