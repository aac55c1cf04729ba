// Thousands of devices in one thread: each connects, publishes at its interval, and comes back as devices do.
//
// Of an idle connection is kept what it has of its own: its socket, when it publishes next, and a session laid down
// (mqtt::session::rest). A session with its log, and a conductor of reconnection, are given to a device only while it
// has a use for them; what arrives is read into one buffer for all. With TLS the connection is never laid down.
#pragma once

#include <memory>
#include <queue>
#include <vector>

#include <recado/chain/reconnect.hpp>
#include <recado/drive/posix/clock.hpp>
#include <recado/drive/posix/entropy.hpp>
#include <recado/drive/posix/loop.hpp>
#include <recado/mqtt/rest.hpp>

#include "conversation.hpp"
#include "plan.hpp"
#include "report.hpp"

namespace recado::app::bench {

class fleet {
 public:
  explicit fleet(const plan& what);
  ~fleet();
  int run();

 private:
  enum class phase : std::uint8_t { gathering, running, waiting, over };
  enum class state : std::uint8_t { offline, connecting, opening, online };

  struct device {
    posix::source readiness;
    int fd = -1;
    state at = state::offline;
    bool queued = false;
    std::uint8_t failures = 0;  // of the series: attempts, and connections that didn't hold
    std::uint32_t published = 0;
    instant wakes_at = never;  // as the queue of times knows it
    instant publishes_at = never;
    instant online_since = never;
    mqtt::session_at_rest rest;  // online, and there is no conversation
    std::unique_ptr<conversation> busy;
    std::unique_ptr<chain::reconnect> coming_back;  // while it isn't online
  };
  struct entry {
    instant at;
    std::uint32_t device;
    bool operator>(const entry& other) const { return at > other.at; }
  };

  std::uint32_t number_of(const device& one) const { return static_cast<std::uint32_t>(&one - devices_.data()); }

  // fleet.cpp: the run
  void turn();
  void serve_due(instant now);
  void schedule(device& one, instant at);
  void queue(device& one);
  void go_on(instant now);
  void measure_memory();
  void leave_all(instant now);
  void fail(tools::outcome how);
  int end();

  // fleet_devices.cpp: a device
  void serve(device& one, instant now);
  void converse(device& one, instant now);
  instant next_of(const device& one) const;
  void hear(device& one, mqtt::session_event& what);
  void publish_due(device& one, instant now);
  void settle_down(device& one);
  void lose(device& one, fault why, instant now);
  void remember_failures(device& one, instant now);
  void tell(device& one, const chain::reconnect_happening& what, instant now);
  bool obey(device& one, const chain::reconnect_want& want, chain::reconnect_happening& next, instant now);
  fault open(device& one, const endpoint& to);
  fault finish_opening(device& one, instant now);
  void close(device& one);
  conversation& talk(device& one);
  void hush(device& one);
  ip_address local_of(const device& one) const;

  const plan& what_;
  posix::loop loop_;
  posix::signals signals_;
  posix::system_entropy random_;
  std::optional<tools::tls_context> secrets_;
  std::vector<endpoint> brokers_;
  chain::reconnect_policy policy_;
  std::size_t memory_before_ = 0;
  std::vector<device> devices_;
  std::priority_queue<entry, std::vector<entry>, std::greater<>> times_;
  std::vector<device*> runnable_, running_;
  std::vector<std::unique_ptr<conversation>> spare_;
  std::vector<std::byte> buffer_, payload_;
  std::string topic_, front_;
  std::uint16_t sender_ = 0;
  instant now_{};  // when what is being heard was read

  phase phase_ = phase::gathering;
  instant begun_{}, running_since_ = never, stopped_ = never, last_{}, next_sweep_{};
  duration to_utc_{}, cpu_before_{}, cpu_{};
  std::uint64_t online_ = 0, was_online_ = 0, published_ = 0, acknowledged_ = 0, refused_ = 0;
  std::uint64_t lost_connections_ = 0, reconnections_ = 0;
  std::optional<double> memory_;
  histogram latency_;
  int interrupted_ = 0;
  tools::outcome parting_;  // of the device that was lost last
  tools::outcome trouble_;
  progress_bar bar_;
};

}  // namespace recado::app::bench
