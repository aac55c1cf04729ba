// Messages to and from a broker as fast as it goes, or at a rate: publish, receive and rtt.
//
// One thread serves all connections. A turn of one fills its transmit log with as many messages as there is room or
// wish for and gives them to the system in one call; what arrived is heard as far as one read got it. The clock is
// read once a turn, and once more for what was heard in it; only with a rate, or for round trips, for each message.
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include <recado/drive/posix/clock.hpp>
#include <recado/drive/posix/loop.hpp>

#include "link.hpp"
#include "mark.hpp"
#include "plan.hpp"
#include "report.hpp"
#include "tally.hpp"

namespace recado::app::bench {

class traffic {
 public:
  explicit traffic(const plan& what);
  int run();

 private:
  enum class phase : std::uint8_t { connecting, running, waiting, leaving, over };

  /// One connection and what it has done.
  struct client {
    client(const plan& what, tools::tls_context* secrets, const room& given, std::uint32_t number,
           std::string identifier);
    link connection;
    std::string topic, filter;
    std::uint16_t sender = 0;
    std::uint32_t number = 0;
    bool queued = false, over = false, blocked = false;  // blocked: its wire has no room
    instant deadline = never;
    std::uint64_t share = 0;  // messages to publish, if they are counted
    std::uint64_t published = 0;
    std::uint64_t awaited = 0;    // of rtt: that did not come back yet
    std::vector<instant> due_at;  // of messages in flight, by their tags
    std::vector<std::uint32_t> free_tags;
    std::vector<std::byte> beginning;  // of a message that comes in pieces
    std::size_t announced = 0;         // and its size
    std::unordered_map<std::uint16_t, tally> tallies;
    tally* last_tally = nullptr;
    std::uint16_t last_sender = 0;
    tally& tally_of(std::uint16_t whose);
  };

  // traffic.cpp: the run
  void open_more(instant now);
  void queue(client& one);
  void wake(client& one, instant now);
  void turn();
  void step(client& one, instant now);
  void over(client& one);
  void look_at_deadlines(instant now);
  instant wake_up(instant now) const;
  void start(instant now);
  void go_on(instant now);
  bool enough(instant now) const;
  bool settled() const;
  bool stalled(instant now) const;
  tools::outcome why_stalled() const;
  tools::outcome why_not_taken() const;
  tools::outcome why_not_ended() const;
  void leave_all();
  void fail(tools::outcome how);
  bool unanswered() const { return what_.what == kind::publish && what_.how.qos == mqtt::qos::at_most_once; }
  std::uint64_t done() const { return what_.what == kind::publish ? published_ : received_; }
  findings found() const;
  int end();

  // traffic_messages.cpp: what is published and heard
  bool fill(client& one, instant now);
  bool may_publish(const client& one) const;
  bool publish_one(client& one, instant now);
  instant due_time(const client& one, std::uint64_t message) const;
  void make_due(instant now);
  void hear(client& one, mqtt::session_event& what);
  void on_connected(client& one);
  void on_subscribed(const client& one, const mqtt::subscribed& what);
  void on_piece(client& one, const mqtt::session_event& what);
  void on_arrival(client& one, bytes payload, std::size_t size);
  void on_acknowledged(client& one, const mqtt::acknowledged& what);
  instant heard_at();

  const plan& what_;
  posix::loop loop_;
  posix::signals signals_;
  std::optional<tools::tls_context> secrets_;
  std::vector<endpoint> brokers_;
  std::vector<std::unique_ptr<client>> clients_;
  std::vector<client*> runnable_, running_;
  std::vector<std::byte> payload_;
  std::size_t opened_ = 0, ready_ = 0, ended_ = 0;
  phase phase_ = phase::connecting;
  std::uint16_t sender_ = 0;

  instant begun_ = never, last_{}, stopped_{}, left_ = never, patience_ends_ = never;
  instant moved_{};  // when a message or a part of one last got on its way, or a part of one came
  instant heard_{};  // when what is being heard was read, once the clock was asked
  instant next_sweep_{};
  duration to_utc_{};  // from the monotonic clock
  duration cpu_before_{}, cpu_{};
  bool exact_ = false;     // the clock is read for each message
  std::uint64_t due_ = 0;  // with a rate: messages of all clients that are due by now
  std::uint64_t published_ = 0, acknowledged_ = 0, refused_ = 0, received_ = 0, received_bytes_ = 0;
  std::uint64_t foreign_ = 0;         // not sent by this program, or by another run of it
  std::optional<mqtt::qos> granted_;  // the least of all subscriptions
  histogram latency_;
  int interrupted_ = 0;
  tools::outcome trouble_;
  progress_bar bar_;
};

}  // namespace recado::app::bench
