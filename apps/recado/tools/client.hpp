// What pub, sub and rr have in common: one connection, its bounds in time, its end in words.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <recado/chain/backoff.hpp>
#include <recado/chain/broker_order.hpp>
#include <recado/chain/session_places.hpp>
#include <recado/client/url.hpp>
#include <recado/drive/posix/drive_stream.hpp>
#include <recado/drive/posix/entropy.hpp>
#include <recado/mqtt/session.hpp>

#include "kept_session.hpp"
#include "machine.hpp"
#include "outcome.hpp"
#include "route.hpp"
#include "settings.hpp"
#include "watch.hpp"

namespace recado::app::tools {

/// Runs the loop; the tools say what is published, subscribed and printed.
class client {
 public:
  /// Loads what the TLS options name; throws `failure`.
  explicit client(const settings& how);
  virtual ~client() = default;
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  /// Until the end: the exit status. The line of words was printed.
  int run();

 protected:
  virtual void on_connected(const mqtt::connected& what, instant now) = 0;
  virtual void on_event(mqtt::session_event& what, instant now) = 0;
  /// Called while online after each turn: true if there may be more to do at once.
  virtual bool work(instant now) = 0;
  /// The same while the connection is lost and is to come back.
  virtual bool work_offline(instant) { return false; }
  /// There will be no connection any more: whoever keeps messages for the next run says so.
  virtual void connection_given_up(outcome&) {}
  /// The connection was lost a second time without any progress between.
  virtual void lost_again() {}
  /// When `work` is to be called at the latest.
  virtual instant next_work() const { return never; }
  /// True while an answer of the broker is owed that `--timeout` bounds.
  virtual bool awaits_answer() const { return session_.in_flight() != 0; }
  /// The packet that the broker owes then: "PUBACK".
  virtual std::string_view awaited() const = 0;
  /// What came before the time of -W was over: "3 messages arrived".
  virtual std::string so_far() const { return {}; }
  /// All that was asked for has come: the time of -W matters no more.
  virtual bool has_all() const { return false; }
  /// How the tool ends then, also if the broker breaks the connection before the goodbye.
  virtual outcome with_all() const { return {}; }
  /// Something was sent that nothing acknowledges: how the connection ends shows whether the broker took it.
  virtual bool wants_proof() const { return false; }
  /// The user interrupted: what the tool was asked for decides whether that is a failure.
  virtual void on_interrupt(int signal) = 0;
  /// True if a lost connection is to be made again.
  virtual bool comes_back() const { return false; }
  /// True if it may go to another server that this one named when it ended the connection.
  virtual bool may_go_elsewhere() const { return comes_back(); }
  virtual void print_stats() {}

  /// Says goodbye and ends well (or as `how` says).
  void leave(mqtt::reason farewell = mqtt::reason::normal_disconnection, outcome how = {});
  /// Ends with words; says goodbye where that is still possible.
  void end(outcome how) { leave(mqtt::reason::normal_disconnection, std::move(how)); }
  bool leaving() const { return leaving_; }
  /// How many connections were lost one after the other, without any progress between.
  std::uint64_t losses() const { return losses_; }
  /// The goodbye of somebody who was not done: with 5.0 the broker publishes the will.
  mqtt::reason with_will() const {
    return how_.version_5() ? mqtt::reason::disconnect_with_will_message : mqtt::reason::normal_disconnection;
  }
  /// A line on standard error: "recado sub: …".
  void say(std::string_view text) const;
  void event_line(std::string_view event, std::string_view more = {}) const;

  settings how_;  ///< of these only the server changes: `aim`
  posix::loop loop_;
  posix::system_entropy random_;
  const std::unique_ptr<kept_session> kept_;  ///< with --session
  watch watch_;

 private:
  enum class phase : std::uint8_t { resolving, streaming, pausing, over };

  mqtt::connect_options connect_options();
  void begin(instant now);
  void aim();
  recado::client::url here() const;
  bool goes_elsewhere(outcome& how, bool was_online, instant now);
  void say_where(const outcome& left, std::string_view by);
  instant look_up(instant now);
  void connect_stream(instant now);
  std::expected<void, fault> open_stream(instant now);
  instant turn(instant now);
  posix::flow hear(happening& what, instant now);
  posix::flow hear_session(mqtt::session_event& what, instant now);
  void stream_over(instant now);
  void attempt_failed(outcome how, instant now);
  outcome made_certain(outcome how);
  outcome lost_for_good(outcome how, bool was_online) const;
  bool too_late(instant now);
  instant limit() const;
  void note_progress(const mqtt::session_event& what, instant now);
  void wait_over(instant now);
  void interrupt(int signal);
  bool offline(instant now);
  void check_output();
  instant output_time(instant now);
  /// `told`: the peer said itself why it ends the connection.
  outcome explain(outcome what, bool told = false) const;
  outcome explain(const mqtt::closed& what) const;
  outcome overdue(const std::string& within) const;
  duration ping_time() const;
  void show(const tls::certificate_seen& what);
  void warn_of_own_certificate() const;
  void listen_to_the_end(const outcome& how);
  instant part(instant now);
  instant hear_the_end(instant now);
  void part_by(const fault& why);
  void stop(outcome how);
  int report();

  bool knows_no_session() const;
  bool is_passing(const mqtt::connected& what);
  void connect_anew();

  static std::unique_ptr<kept_session> open_session(const settings& how);
  // memory of the session
  std::vector<std::byte> transmit_;
  std::vector<mqtt::outgoing_flight> flights_;
  std::vector<std::uint16_t> received_;
  std::vector<mqtt::owed_acknowledgement> owed_;
  std::vector<std::byte> aliases_;
  std::vector<std::byte> receive_memory_;
  posix::receive_buffer buffer_;

 protected:
  mqtt::session session_;

 private:
  stack stack_{session_};
  posix::tcp_stream stream_;
  std::vector<endpoint> candidates_;
  std::vector<ip_address> local_;  // of -A
  lookup lookup_;
  route route_;
  std::string identifier_;

  posix::source output_;  // standard output, once it was full
  bool output_watched_ = false;
  phase phase_ = phase::resolving;
  bool online_ = false;
  bool was_online_ = false;
  bool leaving_ = false;
  outcome outcome_;
  outcome ending_;  // what ended the connection, if the machines said so
  bool ending_said_ = false;
  fault ended_by_;  // the same for the choice of the next server
  chain::broker_order order_;
  std::string host_;  // that the user gave,
  std::optional<std::uint16_t> port_;
  bool by_service_ = false;
  std::vector<recado::client::url> named_, referred_;  // by this server in its place; by the one that is followed
  std::array<std::uint32_t, 256> places_memory_{};
  chain::session_places places_{places_memory_};
  bool unknown_ = false;  // the folder of --session is new: no server's session is this side's
  bool again_ = false;    // the connection is left for another one to the same server,
  unsigned anew_ = 0;     // the so many-th in a row
  instant attempt_ends_ = never;
  duration patience_{};       // of this attempt
  instant lost_at_ = never;   // the connection that was the last good one
  std::uint64_t losses_ = 0;  // since then
  instant retry_at_ = never;
  bool parting_ = false;          // the goodbye was said, and how the connection ends matters
  bool half_closed_ = false;      // and FIN was sent behind it
  bool peer_ended_ = false;       // and the peer's came
  fault refused_;                 // or a reset
  std::size_t untaken_ = 0;       // bytes that the peer's system had not acknowledged when it was asked last
  instant parting_ends_ = never;  // set once all was sent
  instant wait_ends_ = never;     // the time of -W
  instant connected_at_{};
  instant answered_at_{};       // the last answer that --timeout bounds, or when it was asked for
  instant blocked_at_{};        // when the wire last had no room
  std::size_t completing_ = 0;  // exchanges of QoS 2 that had come so far then
  chain::backoff backoff_{{.first = std::chrono::milliseconds{500}, .longest = std::chrono::seconds{8}}};
};

/// Publishes; `recado pub`.
int publish(const settings& how);
/// Subscribes and prints; `recado sub`.
int subscribe(const settings& how);
/// Asks and waits for the answer; `recado rr`.
int request(const settings& how);

}  // namespace recado::app::tools
