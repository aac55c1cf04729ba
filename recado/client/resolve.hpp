// Host names through the system's resolver, without anybody having to wait for it.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <recado/core/address.hpp>
#include <recado/drive/posix/loop.hpp>

namespace recado::client {

/// Signals are handled by the application's own threads, not in the one that calls this.
void leave_signals_to_others();

/// One question to getaddrinfo(3), asked in a thread of its own because that call can't be ended. Who asked may go
/// away at any moment; the thread then finishes for nobody.
class resolution {
 public:
  /// Asks; `to_wake` is woken when the answer is there.
  static std::shared_ptr<resolution> start(const std::string& host, std::uint16_t port, posix::loop& to_wake);

  /// True once the answer is there: `found`, or what getaddrinfo returned in `code`.
  bool done(std::vector<endpoint>& found, int& code);
  /// Nobody is interested any more.
  void abandon();

 private:
  void run(const std::string& host, std::uint16_t port);

  std::mutex mutex_;
  posix::loop* to_wake_ = nullptr;
  bool done_ = false;
  int code_ = 0;
  std::vector<endpoint> found_;
};

}  // namespace recado::client
