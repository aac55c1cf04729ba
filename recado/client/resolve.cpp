#include <recado/client/resolve.hpp>

#include <csignal>
#include <cstring>
#include <system_error>
#include <thread>

#include <recado/drive/posix/socket_address.hpp>
#include <recado/drive/posix/tcp_stream.hpp>

#include <netdb.h>
#include <pthread.h>

namespace recado::client {

void leave_signals_to_others() {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

std::shared_ptr<resolution> resolution::start(const std::string& host, std::uint16_t port, posix::loop& to_wake) {
  auto job = std::make_shared<resolution>();
  job->to_wake_ = &to_wake;
  if (const auto literal = parse_address(host)) {
    job->found_.push_back({*literal, port});
    job->done_ = true;
    return job;
  }
  try {
    std::thread{[job, host, port] { job->run(host, port); }}.detach();
  } catch (const std::system_error&) {
    job->code_ = EAI_MEMORY, job->done_ = true;
  }
  return job;
}

void resolution::run(const std::string& host, std::uint16_t port) {
  leave_signals_to_others();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  std::vector<endpoint> found;
  for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
    sockaddr_storage storage{};
    std::memcpy(&storage, each->ai_addr, each->ai_addrlen);
    endpoint where = posix::endpoint_of(storage);
    where.port = port;
    if (where.address) found.push_back(where);
  }
  if (list != nullptr) ::freeaddrinfo(list);
  posix::interleave_families(found);
  const std::scoped_lock held{mutex_};
  code_ = code == 0 && found.empty() ? EAI_NONAME : code;
  found_ = std::move(found);
  done_ = true;
  if (to_wake_ != nullptr) to_wake_->wake();
}

bool resolution::done(std::vector<endpoint>& found, int& code) {
  const std::scoped_lock held{mutex_};
  if (!done_) return false;
  found = std::move(found_);
  code = code_;
  return true;
}

void resolution::abandon() {
  const std::scoped_lock held{mutex_};
  to_wake_ = nullptr;
}

}  // namespace recado::client
