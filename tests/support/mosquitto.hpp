// A real broker for a test, on a free port of the loopback interface, in a folder of the build that is its own.
#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include <tests/support/child_process.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace recado::test {

/// A port of 127.0.0.1 that nobody used a moment ago.
inline std::uint16_t free_port() {
  const posix::descriptor fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof here;
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&here), size), 0);
  EXPECT_EQ(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&here), &size), 0);
  return ntohs(here.sin_port);
}

class mosquitto {
 public:
  /// `folder` is made; `program` is where mosquitto was unpacked; `settings` go below the listener's line.
  mosquitto(std::string program, std::filesystem::path folder, const std::string& settings = "allow_anonymous true\n")
      : program_(std::move(program)), folder_(std::move(folder)), port_(free_port()) {
    std::filesystem::create_directories(folder_);
    std::ofstream{folder_ / "mosquitto.conf"}
        << "user root\nset_tcp_nodelay true\nlog_dest stderr\nlog_type all\nmax_queued_messages 0\n"
        << "max_inflight_messages 1000\npersistence true\nautosave_interval 0\n"
        << "persistence_location " << folder_.string() << "/\nlistener " << port_
        << " 127.0.0.1\n"
        << settings;
    start();
  }
  ~mosquitto() {
    stop();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  void start() {
    process_ = std::make_unique<child_process>(
        std::vector<std::string>{program_, "-c", (folder_ / "mosquitto.conf").string()});
    ASSERT_TRUE(process_->says("running")) << process_->said();
    process_->drain();
  }
  /// SIGTERM: it writes its database; SIGKILL: it does not.
  void stop(int signal = SIGTERM) {
    if (process_) process_->end(signal);
    process_.reset();
  }
  /// Answers nobody until `go_on`.
  void pause() { process_->signal(SIGSTOP); }
  void go_on() { process_->signal(SIGCONT); }
  std::uint16_t port() const { return port_; }
  std::string url(const std::string& scheme = "mqtt") const { return scheme + "://127.0.0.1:" + std::to_string(port_); }

 private:
  std::string program_;
  std::filesystem::path folder_;
  std::uint16_t port_;
  std::unique_ptr<child_process> process_;
};

}  // namespace recado::test
