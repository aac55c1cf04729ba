// What stands behind the blocking client: one thread, one session, one mutex.
//
// The session is used by all threads, each call under the mutex, for no longer than it takes to encode or decode one
// message. The I/O thread drives it over the socket through `guarded_session`, which takes the mutex for each verb;
// system calls, encryption and handlers run outside of it. That is sound because of the shape's promises: the bytes
// of `pending` keep their place until they are `sent`, whatever is published meanwhile, and what an event points to
// lives until the next `receive`, which only the I/O thread calls.
//
// A command leaves its bytes in the session and marks `work_`. The I/O thread looks at the mark under the mutex before
// it sleeps; only if it sleeps already is it woken. A single message doesn't wait for a thread to wake: while the other
// sleeps, the caller sends it itself (engine_send.cpp). Where messages follow one another closely the I/O thread dozes
// for a moment between two turns: messages don't wake it, and who publishes sends 256 KiB at a time. So a stream of
// messages costs few system calls, and its thread keeps the mutex for itself (biased_mutex.hpp).
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <recado/chain/outbox.hpp>
#include <recado/chain/reconnect.hpp>
#include <recado/chain/router.hpp>
#include <recado/chain/session_places.hpp>
#include <recado/chain/stacked.hpp>
#include <recado/client/biased_mutex.hpp>
#include <recado/client/blocking_client.hpp>
#include <recado/client/guarded_session.hpp>
#include <recado/client/resolve.hpp>
#include <recado/client/subscription_table.hpp>
#include <recado/client/url.hpp>
#include <recado/drive/posix/clock.hpp>
#include <recado/drive/posix/drive_stream.hpp>
#include <recado/drive/posix/entropy.hpp>
#include <recado/drive/posix/loop.hpp>
#include <recado/drive/posix/tcp_stream.hpp>
#include <recado/mqtt/scram.hpp>
#include <recado/mqtt/session.hpp>
#include <recado/tls/openssl/filter.hpp>
#include <recado/tls/openssl/sha256.hpp>
#include <recado/tls/single_session.hpp>

namespace recado::client {

class engine final : public std::enable_shared_from_this<engine>, private chain::outbox_listener, private sorter {
 public:
  using lock = std::unique_lock<biased_mutex>;
  using clock = std::chrono::steady_clock;

  explicit engine(options how);
  ~engine();
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;

  // engine.cpp: the connection as callers see it
  std::expected<void, failure> connect(std::span<const std::string_view> brokers);
  std::expected<void, failure> start(std::span<const std::string_view> brokers);
  std::expected<void, failure> reauthenticate(duration timeout);
  connection_status status() const;
  std::expected<void, failure> disconnect(duration timeout);
  bool online() const;
  void close();

  // engine_publish.cpp
  std::expected<mqtt::reason, failure> publish(const mqtt::message& what, duration timeout);
  std::expected<publication, failure> start_publish(const mqtt::message& what, duration timeout);
  std::expected<mqtt::reason, failure> wait(publication which, duration timeout);
  std::expected<mqtt::reason, failure> publish_pieces(mqtt::message what, std::uint32_t size, payload_source source,
                                                      duration timeout);

  // engine_subscribe.cpp
  std::expected<subscription, failure> subscribe(const mqtt::subscription& what, message_handler handler,
                                                 duration timeout);
  std::expected<void, failure> unsubscribe(const subscription& which, duration timeout);

  // engine_receive.cpp
  std::expected<bool, failure> receive(received& into, duration timeout);
  std::expected<received, failure> request(const mqtt::message& what, duration timeout);
  std::expected<publication, failure> reply(const mqtt::message_received& to, std::string_view payload, mqtt::qos qos);

 private:
  using told = chain::reconnect_happening;

  /// When a call gives up. Whoever needn't wait reads no clock: the time is counted from the first wait on.
  struct patience {
    bool forever = false;
    duration time{};
    std::optional<clock::time_point> until{};
    clock::time_point end() {
      if (!until) until = clock::now() + time;
      return *until;
    }
  };

  /// How a message ended: with the server's reason, unless it never came that far.
  struct ending {
    mqtt::reason reason = mqtt::reason::success;
    fault why;
  };
  /// A thread that waits for one message's acknowledgement, on its stack.
  struct publish_waiter {
    std::condition_variable told;
    publish_waiter* next = nullptr;
    bool done = false;
    ending how;
  };
  /// A message of QoS 1 or 2 on its way or in the outbox, or one in pieces. Its index is the session's tag.
  struct flight {
    std::uint64_t number = 0;  // counts up whenever the place is used again
    publish_waiter* waiting = nullptr;
    mqtt::reason received{};  // what PUBREC said
    bool in_pieces = false;   // its payload comes from one of `sources_`
    bool unanswered = false;  // QoS 0: over when its last byte was given
  };
  /// The places that are free; the one that became free last is taken first.
  class free_places {
   public:
    explicit free_places(std::size_t count) : places_(count), count_(count) {
      for (std::size_t i = 0; i < count; ++i) places_[i] = static_cast<std::uint32_t>(count - 1 - i);
    }
    bool empty() const { return count_ == 0; }
    std::uint32_t next() const { return places_[count_ - 1]; }
    std::uint32_t take() { return places_[--count_]; }
    void give_back(std::uint32_t place) { places_[count_++] = place; }
    /// Of those that are taken, too.
    std::size_t all() const { return places_.size(); }

   private:
    std::vector<std::uint32_t> places_;
    std::size_t count_;
  };
  /// Where the payload of a message in pieces comes from; apart from the above, which every message touches.
  struct piece_source {
    payload_source give;
    std::uint32_t size = 0;
  };
  /// How a message failed, for those who ask later.
  struct verdict {
    std::uint64_t number = 0;
    ending how;
  };

  /// What the I/O thread does between two turns.
  enum class rest : std::uint8_t {
    none,    ///< nothing: it looks for work before it rests
    asleep,  ///< it waits for whatever comes first, and each message wakes it
    dozing,  ///< it waits for a moment, in which messages don't wake it, so that many leave together
  };
  /// While it dozes so many bytes of messages leave together, unless that would fill the log.
  static constexpr std::size_t gathered_max = 256 << 10;

  using entry_ptr = subscription_table::entry_ptr;

  /// A thread that waits for an answer, on its stack.
  struct request_waiter {
    std::uint64_t correlation = 0;
    received* into = nullptr;
    bool done = false;
    request_waiter* next = nullptr;
  };

  // engine.cpp
  std::expected<void, failure> begin(lock& held, std::span<const std::string_view> brokers, bool retry_first);
  std::expected<std::vector<url>, failure> read_brokers(std::span<const std::string_view> brokers) const;
  std::expected<void, failure> load_tls();
  std::expected<void, failure> begin_thread();
  chain::reconnect_policy policy(bool retry_first) const;

  // engine_connection.cpp: the I/O thread
  void run();
  void pause(lock& held, instant until, bool stream);
  void tell_what_is_due(lock& held);
  instant step(instant now);
  told wish();
  chain::reconnect_want resume(const told& what, instant now);
  std::optional<told> look(instant now, instant& until);
  const url& where() const;
  void begin_resolution();
  void abandon_resolution();
  std::optional<told> look_at_resolution();
  std::optional<told> open_stream(std::uint16_t address, instant now);
  std::expected<void, mqtt::error> prepare_connect();
  mqtt::authenticator* prepare_authenticator(const std::optional<std::string>& user,
                                             const std::optional<std::string>& password);
  std::optional<told> turn(instant now, instant& until);
  posix::progress drive(instant now);
  std::optional<told> stream_over(instant now);
  told failed(failure why, std::uint16_t references = 0);
  void move_peer_to_front();
  void connection_ended();
  void abort_stream(instant now);
  void say_goodbye();
  void over();
  void tell(const connection_news& news);
  posix::flow on_event(mqtt::session_event& what);
  posix::flow on_event(tls::event& what);
  bool is_passing() const;
  void on_connected(const mqtt::connected& what);
  void on_closed(const mqtt::closed& what);

  // shared by the calls
  patience patience_of(duration timeout) const;
  /// False when the time is over.
  bool wait_on(std::condition_variable& what, lock& held, patience& how);
  bool wait_for_change(lock& held, patience& how) { return wait_on(changed_, held, how); }
  /// As long as it takes.
  void wait_for_change(lock& held) {
    patience how{true};
    wait_on(changed_, held, how);
  }
  bool wait_for_room(lock& held, patience& how);
  /// Under the mutex.
  bool in_own_thread() const { return std::this_thread::get_id() == own_thread_; }
  // engine_send.cpp
  /// Something is to be done at once: by the I/O thread.
  void work() {
    work_ = true;
    if (rest_ != rest::none) wake();
  }
  /// A message of about `size` bytes is to be sent: by the calling thread if that can, else by the I/O thread.
  [[gnu::always_inline]] void leave(std::size_t size) {
    ++left_, gathered_ += size;
    if (rest_ == rest::asleep) leave_to_sleeper();
    else if (rest_ == rest::dozing && gathered_ >= gathered_max_) (void)send_beside(posix::now());
  }
  void leave_to_sleeper();
  void wake();
  bool send_beside(instant now);
  bool may_send_beside() const;
  void changed();
  bool usable() const { return up_ && !stopping_ && !leaving_; }
  std::optional<failure> unusable() const;
  bool goes_by(mqtt::error what) const;

  // engine_publish.cpp
  std::expected<publication, failure> put(lock& held, const mqtt::message& what, payload_source* source, patience& how);
  [[gnu::always_inline]] inline std::optional<publication> put_at_once(const mqtt::message& what);
  [[gnu::noinline]] std::expected<publication, failure> put_patiently(const mqtt::message& what, duration timeout);
  /// With a margin for header, identifier and lengths.
  bool fits(const mqtt::message& what, std::size_t properties) const {
    return what.topic.size() + what.payload.size() + properties + 64 <= longest_message_;
  }
  std::expected<publication, mqtt::error> put_into_session(const mqtt::message& what, payload_source* source);
  [[gnu::always_inline]] inline std::expected<publication, mqtt::error> put_into_place(const mqtt::message& what);
  std::expected<publication, mqtt::error> put_in_pieces(const mqtt::message& what, payload_source& source);
  bool has_place() const { return !free_flights_.empty() && in_session_ < options_.sizes.in_flight; }
  /// Takes the next place that is free.
  flight& occupy() {
    ++in_session_;
    return flights_[free_flights_.take()];
  }
  std::expected<mqtt::reason, failure> await(lock& held, publication which, patience& how);
  bool settle(const mqtt::acknowledged& what) override;
  void settle(std::span<const std::uint32_t> tags) override;
  void on_acknowledged(const mqtt::acknowledged& what);
  void on_remark(const mqtt::remark& what);
  posix::flow on_wants_payload(const mqtt::wants_payload& what);
  void settle(flight& place, const ending& how);
  void release(std::uint32_t index) {
    flights_[index] = {.number = flights_[index].number + free_flights_.all()};
    free_flights_.give_back(index);
  }
  payload_source take_source(std::uint32_t index);
  std::vector<payload_source> drop_unanswered();
  void wake_publishers();
  static std::expected<mqtt::reason, failure> result_of(const ending& how);

  // engine_outbox.cpp
  std::expected<publication, failure> keep_for_later(const mqtt::message& what);
  void pump_outbox(instant now);
  void lost(const chain::waiting_message& what, chain::outbox_loss why) override;
  void give_up(const chain::waiting_message& what, const fault& why);
  void report(dropped_message what);

  // engine_subscribe.cpp
  void pump_subscriptions();
  bool pump(entry& one);
  void on_subscribed(const mqtt::subscribed& what);
  void on_unsubscribed(const mqtt::unsubscribed& what);
  void subscriptions_after_connect(bool session_present);
  entry_ptr add(const mqtt::subscription& what, message_handler handler);
  void route(entry& one);
  void leave(entry& one);
  void erase(entry& one);
  void refuse(entry& one, failure why);

  // engine_receive.cpp
  void on_message(const mqtt::message_received& what);
  bool too_long(std::string_view topic, std::size_t size, mqtt::qos level);
  void on_begin(const mqtt::message_begin& what);
  void on_end();
  bool take_answer(const mqtt::message_received& what);
  std::uint32_t sort(const mqtt::message_received& what) override;
  recipients found() const override { return last_found_; }
  bool holds_on(std::size_t& payload) const override {
    payload = options_.sizes.message_max;
    return last_known_ && !last_queued_;
  }
  void batch_over() override;
  void deliver(std::span<const heard> batch, recipients all) override;
  [[gnu::always_inline]] inline void deliver(const mqtt::message_received& what, recipients whose);
  /// Into the queue: not at all, as a subscription's, or as one of a resumed session that no subscription asked for.
  enum class queueing : std::uint8_t { none, wanted, stray };
  queueing find_receivers(const mqtt::message_received& what, std::vector<entry*>& receivers) const;
  bool takes(queueing how, const mqtt::message_received& what);
  bool has_room_for_strays(const mqtt::message_received& what) const;
  bool as_before(const mqtt::message_received& what) const;
  void enqueue(const mqtt::message_received& what);
  std::expected<void, failure> prepare_answers(lock& held, patience& how);

  options options_;
  posix::system_entropy entropy_;
  posix::loop loop_;
  wall_clock wall_clock_;

  mutable biased_mutex mutex_;
  std::condition_variable changed_;
  std::size_t inside_ = 0;            // calls that wait
  std::size_t waiting_for_room_ = 0;  // and those of them that are told of each turn
  bool work_ = false;
  rest rest_ = rest::none;
  instant left_at_{};         // when a message last found the I/O thread asleep
  unsigned closely_ = 0;      // how many in a row came soon after the one before
  std::size_t left_ = 0;      // messages since the last turn began
  std::size_t gathered_ = 0;  // their bytes, since something was sent
  std::size_t gathered_max_;  // and how many of them leave together
  bool stopping_ = false;

  // memory of the session
  std::vector<std::byte> transmit_;
  std::vector<mqtt::outgoing_flight> outgoing_;
  std::vector<std::uint16_t> received_identifiers_;
  std::vector<std::byte> incoming_aliases_;
  std::vector<std::byte> outgoing_aliases_;
  mqtt::session session_;
  guarded_session guarded_;

  // the connection: the I/O thread's own, but for what is read or written by callers under the mutex
  std::vector<url> brokers_;
  std::vector<url> referred_;  // of the last Server Reference
  std::string identifier_;
  chain::reconnect conductor_;
  bool up_ = false;         // from `connect` or `start` until the end
  std::uint64_t ends_ = 0;  // how many there were: another thread may connect again before who waits for one looks
  bool start_due_ = false;  // the conductor isn't told yet
  bool stop_told_ = false;
  bool online_ = false;     // accepted by the server
  bool leaving_ = false;    // `disconnect` was called
  bool failed_ = false;     // it ended, and nobody wished it
  bool accepted_ = false;   // in this turn
  bool again_ = false;      // this connection is left for another one to the same server
  bool stood_ = false;      // a connection was accepted since `connect`
  std::string session_at_;  // with whom a connection was accepted last since `connect`: host and port; empty: nobody
  std::array<std::uint32_t, 256> places_memory_{};
  chain::session_places places_{places_memory_};  // who holds which session, as long as this object lives
  failure last_failure_;
  failure fresh_failure_;                // of the attempt that just failed
  std::uint32_t authentications_ = 0;    // that have succeeded after the first
  std::vector<std::byte> scram_memory_;  // the method below wipes it at its end, so it must outlive it
  std::optional<mqtt::scram_sha_256> scram_;
  tls::openssl::sha256 hashes_;
  std::shared_ptr<resolution> resolution_;
  std::vector<endpoint> candidates_;
  std::vector<std::byte> receive_memory_;
  posix::receive_buffer receive_buffer_;
  posix::tcp_stream stream_;
  std::optional<failure> ending_;  // why the conversation is being ended
  std::uint16_t named_ = 0;        // servers of its Server Reference
  bool finishing_ = false;
  bool source_failed_ = false;
  bool streaming_ = false;  // from `open_stream` to the end of that stream
  std::uint16_t address_ = 0;
  tls::single_session<8192> tickets_;
  std::optional<tls::openssl::context> tls_context_;
  std::vector<std::byte> tls_outgoing_;
  std::vector<std::byte> tls_plaintext_;
  std::optional<tls::openssl::filter> filter_;
  std::optional<chain::stacked<tls::openssl::filter, guarded_session>> stack_;
  bool silenced_ = false;  // destroyed in its own thread: nothing of the application's is called any more
  std::thread thread_;
  std::thread::id own_thread_;

  // publishing
  std::vector<flight> flights_;
  std::vector<piece_source> sources_;  // of the flights
  free_places free_flights_;
  std::vector<verdict> verdicts_;
  std::size_t next_verdict_ = 0;
  std::vector<std::byte> piece_;
  std::size_t longest_message_ = 0;
  std::size_t in_session_ = 0;  // flights that the session has
  std::vector<std::byte> outbox_memory_;
  chain::outbox outbox_;
  std::vector<dropped_message> dropped_;  // to be told without the mutex
  std::vector<connection_news> refused_;  // subscriptions that nobody waits for

  // subscriptions
  subscription_table subscriptions_;
  std::vector<entry_ptr> ended_;  // to be destroyed without the mutex, for their handlers are the application's
  std::vector<entry*> matched_;   // by the message that is being handled
  // The entry whose handlers are called: the I/O thread says so before it looks whether that one is silent, and who
  // silences one looks here afterwards; so one of them sees the other, without the mutex.
  std::atomic<std::uint64_t> running_ = 0;
  std::size_t waiting_for_handler_ = 0;
  std::size_t router_size_ = 64;
  std::vector<chain::route_node> route_nodes_;
  std::vector<std::uint32_t> route_buckets_;
  std::vector<chain::route> routes_;
  std::vector<std::byte> route_text_;
  std::optional<chain::router> router_;

  // receiving
  message_queue queue_;
  bool queue_grew_ = false;  // and nobody was told
  bool receives_ = false;    // somebody has called `receive`
  std::string last_topic_;   // and whom its message was for: most come in a row
  std::vector<entry*> last_found_;
  std::uint32_t finding_ = 0;  // counts them; never 0 behind the first
  bool last_queued_ = false;
  bool last_known_ = false;  // until a subscription changes
  received assembled_;       // a message that comes in pieces
  bool assembling_ = false;
  std::string response_topic_;
  entry_ptr answers_;
  request_waiter* requests_ = nullptr;
  std::uint64_t last_correlation_ = 0;
};

}  // namespace recado::client
