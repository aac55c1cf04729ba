// The device application: it climbs the ladder on a board, does its work at the top, and comes back when it falls.
//
// The conductor (chain/bring_up.hpp) says what to do next, the services do it, and what they tell goes back to the
// conductor. A board's loop is: `until = step(now)`, then wait for the network, the button, or `until`.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include <recado/chain/bring_up.hpp>
#include <recado/device/address_service.hpp>
#include <recado/device/board.hpp>
#include <recado/device/channel.hpp>
#include <recado/device/kept_session.hpp>
#include <recado/device/name_service.hpp>
#include <recado/device/presence.hpp>
#include <recado/device/remembered.hpp>
#include <recado/device/server.hpp>
#include <recado/device/test_mode.hpp>
#include <recado/ntp/client.hpp>

namespace recado::device {

/// A sample of the time with at most this delay is taken without asking for better ones: certificates need no more.
inline constexpr duration time_good_enough = std::chrono::milliseconds{50};

/// So many addresses of a name are tried; what the name has beyond that is left out.
#if defined(RECADO_TINY)
inline constexpr std::size_t addresses_max = 8;
#else
inline constexpr std::size_t addresses_max = 16;
#endif

/// What an application works in; it must outlive it.
struct application_memory {
  mutable_bytes receive;         ///< one MQTT packet, one TLS record, or one datagram of a service (`dns::limits.hpp`)
  mutable_bytes outbox;          ///< where messages wait for a connection; 0 bytes: they don't
  mqtt::memory session;          ///< of the MQTT session
  dns::resolver::memory names;   ///< of the resolver: cache and questions
  mutable_bytes names_over_tcp;  ///< one DNS answer over TCP (RFC 7766), 65,535 bytes at most
  test_mode::memory test;        ///< may be empty without a test
  journal_memory journal;        ///< may be empty without a board's `session_storage`
};

/// The application, one object for the whole life of the program; for one thread, and nothing in it blocks.
class application {
 public:
  /// The configuration must outlive it. `cipher` is used if that asks for TLS; null is allowed otherwise. With a plan,
  /// and with the button held, the application measures instead of obeying commands, and ends when the plan is done.
  application(const complete_configuration& chosen, const board& on, secure* cipher, const application_memory& given,
              const test_plan* plan = nullptr);
  application(complete_configuration&&, const board&, secure*, const application_memory&,
              const test_plan* = nullptr) = delete;
  application(const application&) = delete;
  application& operator=(const application&) = delete;

  /// Does all that can be done now and answers when to come back at the latest.
  instant step(instant now);
  /// As if the button were pressed: goodbye in order.
  void stop() { stop_asked_ = true; }
  /// True once the goodbye is said or there is nothing left to try: `step` needs no more calls.
  bool ended() const { return ended_; }
  /// Why it ended, if nobody had asked for it.
  fault failure() const { return failure_; }
  /// The ladder, to be looked at.
  const chain::bring_up& conductor() const { return conductor_; }
  /// In test mode by turns: true while it waits for `take_turn`.
  bool resting() const { return test_ && test_->resting() && conductor_.is_online(); }
  /// One more cycle of the test; only while `resting`.
  void take_turn() { test_->take_turn(); }
  /// In test mode: no cycle is left to measure.
  bool all_measured() const { return test_ && test_->all_measured(); }
  /// The client identifier that the broker is told.
  std::string_view client_id() const;
  /// Where the broker is, once it is reached.
  endpoint broker_address() const;
  /// Messages that wait for a connection.
  std::size_t waiting() const { return presence_.waiting(); }

 private:
  // application.cpp: what happened
  bool poll_board(instant now);
  bool poll_services(instant now);
  bool poll_channel(instant now);
  void tell(const chain::happening& what, instant now);
  void do_as(const chain::want& wish, instant now);
  void on_address(const address_service::event& happened, instant now);
  void on_names(const name_service::event& happened, instant now);
  void on_time(const ntp::client::event& happened, instant now);
  void show(const tls::certificate_seen& one);
  void on_tls(const tls::event& happened, instant now);
  void on_session(const mqtt::session_event& happened, instant now);
  /// What keeps the session over a loss of power, or null; always null, for the compiler to see, in a build without.
  kept_session* kept() { return has_session_journal && kept_ ? &*kept_ : nullptr; }
  void resume_session(kept_session& from, instant now);
  void settle_session(kept_session& in);
  void end_with(fault why);
  bool is_passing(const mqtt::connected& what);
  void on_connected(const mqtt::connected& what, instant now);
  void on_subscribed(const mqtt::subscribed& what, instant now);
  void on_acknowledged(const mqtt::acknowledged& what);
  void on_connection_end(fault why, instant now);
  fault explained(fault why) const;
  void ask_time_again(instant now);

  // rungs.cpp: what to do
  void attempt(const chain::want& wish, instant now);
  void undo(chain::rung from, instant now);
  void set_name_servers(instant now);
  void find_time_server(std::uint8_t number, instant now);
  void find_broker(chain::broker_choice which, instant now);
  void open_stream(std::uint16_t number, instant now);
  void set_up(instant now);
  void subscribe(instant now);
  void set_initial_clock(instant now);
  server broker_at(chain::broker_choice which) const;
  std::uint32_t broker_number() const;
  void connect_anew(instant now);

  // reports.cpp: what to say
  void reached(chain::rung at, std::string_view detail, instant now, std::uint16_t choices = 1);
  /// What is known of a fault beside it.
  struct particulars {
    std::string_view cause;      ///< in place of its words, if there is one
    std::string_view reference;  ///< the servers that the broker named instead
  };
  static constexpr particulars no_particulars{{}, {}};
  void failed(chain::rung at, fault why, instant now, const particulars& more = no_particulars);
  void lost(chain::rung at, fault why, instant now, const particulars& more = no_particulars);
  std::uint16_t remember_named(std::string_view reference);
  void report(rung_report::kind what, chain::rung at, std::string_view detail, instant now);
  void describe_lease(text_sink& out) const;
  void say_pause(instant now);
  void say_no_link();

  // Flags and small numbers come first: there a Cortex-M reaches them with short instructions.
  bool session_opened_ = false;
  bool link_ = false;
  bool climbing_link_ = false;
  bool connected_before_ = false;
  bool subscribed_ = false;        ///< in the session that the broker keeps
  bool subscription_due_ = false;  ///< as soon as there is room for it
  bool stop_asked_ = false;
  bool stopping_ = false;
  bool moved_ = false;  ///< something was begun or undone, which may have an outcome already
  bool ended_ = false;
  std::uint8_t anew_ = 0;                   ///< connections that the conductor knows nothing of, since it asked for one
  chain::rung naming_ = chain::rung::link;  ///< the rung that the name service works for, if any
  chain::broker_choice broker_;
  mqtt::token subscribing_;
  const complete_configuration& chosen_;
  board on_;
  secure* cipher_;
  std::size_t client_id_size_ = 0;
  fault failure_;
  instant time_again_ = never;
  instant paused_until_ = never;

  remembered memory_;
  chain::bring_up conductor_;
  arrivals arrivals_;
  address_service address_;
  name_service names_;
  ntp::client time_;
  datagram_pump<ntp::client, 128> time_pump_{service::ntp, arrivals_};
  mqtt::session session_;
  std::optional<kept_session> kept_;
  channel channel_;
  presence presence_;
  std::optional<test_mode> test_;

  std::array<instant, chain::rung_count> begun_{};
  fixed_vector<endpoint, addresses_max> time_servers_{};
  fixed_vector<endpoint, addresses_max> addresses_{};
  named_servers named_;  ///< by the last Server Reference
  std::array<std::uint32_t, 8> places_memory_{};
  chain::session_places places_{places_memory_};
  std::array<char, 40> client_id_;
};

/// No clock of this device can be earlier: the day on which the program was built.
utc_time build_date();

}  // namespace recado::device
