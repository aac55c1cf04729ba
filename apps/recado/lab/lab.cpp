#include "lab.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "network.hpp"

namespace recado::lab {

namespace {

using namespace std::chrono_literals;

constexpr auto down_limit = 10s;
constexpr auto recorder_start_limit = 10s;
constexpr auto last_packet_limit = 3s;

file_descriptor lock(const folder& where) {
  std::error_code error;
  std::filesystem::create_directories(where.root, error);
  file_descriptor file{open(where.lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)};
  if (!file)
    throw lab_error{"cannot write in " + where.root.string() + ": " + std::strerror(errno) +
                    "; choose a folder with --dir"};
  if (flock(file.get(), LOCK_EX) != 0) throw lab_error{"cannot lock " + where.lock().string()};
  return file;
}

std::string interface_to_record(const state& what) { return what.how == mode::namespaces ? std::string{bridge} : "lo"; }

/// True if the mark stands among the last bytes of a file.
bool ends_with_mark(const std::filesystem::path& file, const std::string& mark) {
  std::ifstream in{file, std::ios::binary | std::ios::ate};
  const auto size = static_cast<std::streamoff>(in.tellg());
  in.seekg(std::max<std::streamoff>(0, size - 4096));
  const std::string tail{std::istreambuf_iterator<char>{in}, {}};
  return tail.find(mark) != std::string::npos;
}

std::size_t index_of(const std::string& host_name) {
  const auto which = std::ranges::find(hosts, host_name, &host::name);
  if (which == hosts.end()) throw lab_error{"no host '" + host_name + "' in the lab: router, broker or board"};
  return static_cast<std::size_t>(which - hosts.begin());
}

}  // namespace

std::filesystem::path default_folder() {
  const auto program = std::filesystem::read_symlink("/proc/self/exe");
  return program.parent_path().parent_path().parent_path() / "lab";
}

plan plan_of(const state& what) { return what.how == mode::loopback ? loopback_plan() : plan{}; }

state require_up(const folder& where) {
  const state is = load(where);
  if (!alive(is)) throw lab_error{"no lab is up in " + where.root.string() + ": run 'recado lab up' first"};
  return is;
}

up_result up(const up_options& options) {
  const auto held = lock(options.where);
  up_result result{load(options.where), true, false};
  if (alive(result.is)) return result;
  result.was_up = false;
  keeper_options keep{options.where, options.loopback ? loopback_plan() : plan{}, options.extra, options.tied,
                      options.tied_to};
  make_certificates(options.where);
  try {
    result.is = start_keeper(keep);
  } catch (const lab_error& error) {
    if (options.loopback || error.text != "namespaces are not allowed here") throw;
    keep.addresses = loopback_plan();
    result.fell_back = true;
    result.is = start_keeper(keep);
  }
  write_device_config(options.where, keep.addresses);
  save(options.where, result.is);
  return result;
}

bool down(const folder& where) {
  const auto held = lock(where);
  const state is = load(where);
  std::filesystem::remove(where.state());
  if (!alive(is)) return false;
  end(is.keeper, SIGTERM, down_limit);
  std::filesystem::remove(where.root / "control");
  return true;
}

void become_on(const folder& where, const std::string& host_name, const std::vector<std::string>& words) {
  const state is = require_up(where);
  if (is.how == mode::namespaces) enter_namespaces(is.holders[index_of(host_name)]);
  execute({words, {}});
}

int execute_on(const folder& where, const std::string& host_name, const std::vector<std::string>& words) {
  const state is = require_up(where);
  const pid_t holder = is.holders[index_of(host_name)];
  const signals_held held;
  return held.hand_on_to(start({words, {}}, [&] {
    if (is.how == mode::namespaces) enter_namespaces(holder);
    held.let_go_with_parent();
  }));
}

int call_on(const folder& where, const std::string& host_name, const std::function<int()>& what) {
  const state is = require_up(where);
  const pid_t holder = is.holders[index_of(host_name)];
  const signals_held held;
  return held.hand_on_to(call([&] {
    if (is.how == mode::namespaces) enter_namespaces(holder);
    held.let_go_with_parent();
    return what();
  }));
}

recording::recording(const folder& where, const std::filesystem::path& file) : where_(where), file_(file) {
  const state is = require_up(where);
  create_private(file);
  const std::string interface = interface_to_record(is);
  const auto log = where.log("dumpcap");
  std::filesystem::remove(log);
  const pid_t parent = getpid();
  process_ = start(
      {{find_program("dumpcap"), "-q", "-i", interface, "-w", std::filesystem::absolute(file).string()}, log}, [&] {
        if (is.how == mode::namespaces) enter_namespaces(is.keeper);
        end_with_parent(parent, SIGINT);
      });
  const auto recording_started = [&] { return std::filesystem::file_size(file) > 0 || kill(process_, 0) != 0; };
  if (!wait_until(recording_started, recorder_start_limit))
    throw lab_error{"dumpcap did not start; see " + log.string()};
}

recording::~recording() {
  if (process_ == 0) return;
  await_last_packet();
  kill(process_, SIGINT);
  wait_for(process_);
}

// The kernel hands packets to dumpcap in blocks, up to a quarter of a second late, and dumpcap doesn't fetch the last
// one when it is told to end. So a frame is sent behind them, and everything is there once that one is.
void recording::await_last_packet() const {
  const state is = load(where_);
  if (!alive(is)) return;
  const std::string mark = "recado lab: end of recording " + std::to_string(getpid());
  const pid_t sender = fork();
  if (sender == 0) {
    try {
      if (is.how == mode::namespaces) enter_namespaces(is.keeper);
      _exit(send_mark(interface_to_record(is), mark) ? 0 : 1);
    } catch (const lab_error&) {
      _exit(1);
    }
  }
  if (sender < 0 || wait_for(sender) != 0) return;
  wait_until([&] { return ends_with_mark(file_, mark) || start_time(process_) == 0; }, last_packet_limit);
}

}  // namespace recado::lab
