// The bare session of recado, with and without TLS, on Linux's sockets or another TCP/IP stack (wire.hpp): no thread,
// no heap.
#include <array>
#include <memory>
#include <optional>
#include <string>

#include <recado/chain/stacked.hpp>
#include <recado/mqtt/session.hpp>

#include "scenario.hpp"
#include "tls_backend.hpp"
#include "wire.hpp"

namespace {

using namespace recado;
constexpr std::size_t receive_bytes = 64 << 10;  // as the client has it by default
constexpr std::size_t transmit_bytes = 1 << 20;

/// A session whose messages and answers are heard many by one call.
class hearing_many {
 public:
  using event = mqtt::session::event;
  /// `counting`: messages and answers are only counted.
  hearing_many(mqtt::session& inner, bool counting) : inner_(inner), counting_(counting) {}
  void opened(instant now) { inner_.opened(now); }
  void lost(fault why, instant now) { inner_.lost(why, now); }
  std::optional<event> receive(bytes& in, instant now) {
    if (counting_) {
      heard_ += inner_.receive_acknowledged(in, tags_, now);
      inner_.receive_messages(in, now, &made_, hear, this);
    }
    return inner_.receive(in, now);
  }
  bytes pending(instant now) { return inner_.pending(now); }
  void sent(std::size_t n) { inner_.sent(n); }
  instant deadline() const { return inner_.deadline(); }
  /// How many since the last call.
  std::uint64_t take_heard() { return std::exchange(heard_, 0); }

 private:
  static mqtt::message_received* hear(void* who) {
    auto& self = *static_cast<hearing_many*>(who);
    ++self.heard_;
    return &self.made_;
  }
  mqtt::session& inner_;
  bool counting_;
  std::array<std::uint32_t, 256> tags_;
  mqtt::message_received made_;
  std::uint64_t heard_ = 0;
};

class client {
 public:
  explicit client(const bench::scenario& how)
      : how_(how), topic_(how.topic()), payload_(bench::payload_of(how)), pace_(how) {
    // What is in flight stays in the transmit log.
    const std::size_t kept = how.qos == 0 ? 0 : how.in_flight * (how.size + topic_.size() + 16);
    transmit_.resize(transmit_bytes + kept + how.size * (how.size > transmit_bytes / 4 ? 4 : 1));
    flights_.resize(how.in_flight + 8U);
    session_.emplace(mqtt::memory{.transmit = transmit_,
                                  .outgoing = flights_,
                                  .received = received_,
                                  .owed = {},
                                  .incoming_aliases = {},
                                  .outgoing_aliases = {},
                                  .receive_size = receive_bytes});
    many_.emplace(*session_, how.mode != bench::mode::latency);
    if (!how.ca_file.empty()) load_tls();
    const mqtt::connect_options options{.version = how.version == 5 ? mqtt::version::v5_0 : mqtt::version::v3_1_1,
                                        .client_identifier = "recado"};
    if (!session_->connect(options) || !wire_.connect(how, posix::now())) bench::give_up("no connection");
  }

  void run() {
    while (!ended_) {
      work();
      const instant until = stacked_ ? turn(*stacked_) : turn(*many_);
      if (count_messages(many_->take_heard())) continue;  // what `finish` has to say goes first
      if (!ended_ && !has_more()) wire_.wait(std::min(until, due()));
    }
    if (how_.mode == bench::mode::latency) return pace_.report(name(), how_);
    meter_.report(name(), how_, messages_);
  }

 private:
  static std::string name() { return std::string{bench::session_name} + std::string{bench::stack_name}; }

  void load_tls() {
    tls::client_options options;
    options.ca = tls::source{how_.ca_file, {}};
    wall_clock_.set(posix::realtime(), posix::now());
    options.clock = &wall_clock_;
    bench::set_up_backend();
    if (const auto loaded = tls_.load(options); !loaded)
      bench::give_up(bench::tls_trouble(how_.ca_file, loaded.error()));
    tls_memory_.resize((128 << 10) + receive_bytes);
    const mutable_bytes all{tls_memory_};
    filter_.emplace(tls_, bench::backend::filter::memory{all.first(128 << 10), all.subspan(128 << 10)});
    if (!filter_->set_peer(how_.host)) bench::give_up("TLS: no peer");
    stacked_.emplace(*filter_, *many_);
  }

  template <class Machine>
  instant turn(Machine& machine) {
    const auto handler = [this](auto& what) { return hear(what); };
    const posix::progress done = wire_.drive(machine, posix::now(), handler);
    ended_ = done.ended;
    if (ended_ && !over_) bench::give_up("the connection was lost");
    return done.deadline;
  }

  template <class Below>
  posix::flow hear(std::variant<Below, mqtt::session_event>& what) {
    return what.index() == 1 ? hear(std::get<1>(what)) : posix::flow::go_on;
  }
  posix::flow hear(mqtt::session_event& what) {
    if (const auto* message = std::get_if<mqtt::message_received>(&what)) on_message(*message);
    else if (std::holds_alternative<mqtt::message_end>(what)) (void)count_messages(1);  // it was longer than the buffer
    else if (const auto* done = std::get_if<mqtt::acknowledged>(&what)) on_acknowledged(done->tag);
    else if (std::holds_alternative<mqtt::connected>(what)) begin();
    else if (std::holds_alternative<mqtt::subscribed>(what)) working_ = true, pace_.start();
    else if (std::holds_alternative<mqtt::closed>(what)) return posix::flow::finish;
    return posix::flow::go_on;
  }

  void begin() {
    meter_.start();
    if (how_.mode == bench::mode::publish) return void(working_ = more_ = true);
    const std::string filter = how_.source();
    const mqtt::subscription wanted[] = {{.filter = filter, .qos = static_cast<mqtt::qos>(how_.qos)}};
    if (!session_->subscribe(wanted)) bench::give_up("SUBSCRIBE is not possible");
  }

  void on_message(const mqtt::message_received& what) {
    if (how_.mode == bench::mode::latency) return on_back(bench::number_of(what.payload.data()));
    (void)count_messages(1);
  }
  /// True if these were the last ones.
  bool count_messages(std::uint64_t more) {
    if (more == 0) return false;
    more_ = true;  // where they were answers, there is room again
    messages_ += more;
    if (messages_ < how_.count || over_) return false;
    finish();
    return true;
  }
  void on_acknowledged(std::uint32_t tag) {
    if (how_.mode == bench::mode::latency) return on_back(tag);
    (void)count_messages(1);
  }
  void on_back(std::uint64_t number) {
    pace_.done(number);
    if (pace_.all_done()) finish();
  }
  void finish() {
    meter_.stop();
    over_ = true;
    (void)session_->disconnect();
  }

  /// There is room again already.
  bool has_more() const {
    if (how_.mode != bench::mode::publish || !working_ || over_ || sent_ == how_.count) return false;
    return more_ || (how_.qos == 0 && wire_.writable());
  }

  /// As many messages as there is room for.
  void work() {
    if (!working_ || over_ || how_.mode == bench::mode::receive) return;
    const std::uint64_t count = how_.mode == bench::mode::latency ? pace_.count() : how_.count;
    const std::int64_t now = how_.mode == bench::mode::latency ? bench::nanoseconds() : 0;
    for (; sent_ != count; ++sent_) {
      if (how_.mode == bench::mode::latency) {
        if (pace_.due(sent_) > now) return;
        bench::put_number(payload_.data(), sent_);
      }
      if (!session_->publish({.topic = topic_,
                              .payload = payload_,
                              .qos = static_cast<mqtt::qos>(how_.qos),
                              .tag = static_cast<std::uint32_t>(sent_)})) {
        more_ = false;  // until answers or room on the wire come
        return;
      }
    }
    more_ = false;
    if (how_.qos == 0 && how_.mode == bench::mode::publish) messages_ = sent_, finish();
  }
  instant due() const {
    if (how_.mode != bench::mode::latency || !working_ || sent_ == pace_.count()) return never;
    return instant{duration{pace_.due(sent_) / 1000 + 1}};
  }

  const bench::scenario how_;
  const std::string topic_;
  std::vector<std::byte> payload_;
  bench::meter meter_;
  bench::pace pace_;
  std::uint64_t sent_ = 0, messages_ = 0;
  bool working_ = false, more_ = false, over_ = false, ended_ = false;

  std::vector<std::byte> transmit_;
  std::vector<mqtt::outgoing_flight> flights_;
  std::vector<std::uint16_t> received_ = std::vector<std::uint16_t>(mqtt::received_bitmap_words);
  std::vector<std::byte> incoming_ = std::vector<std::byte>(receive_bytes);
  std::vector<std::byte> tls_memory_;
  wall_clock wall_clock_;
  bench::backend::context tls_;
  std::optional<mqtt::session> session_;
  std::optional<hearing_many> many_;
  std::optional<bench::backend::filter> filter_;
  std::optional<chain::stacked<bench::backend::filter, hearing_many>> stacked_;
  bench::wire wire_{incoming_};
};

}  // namespace

int main(int argc, char** argv) { std::make_unique<client>(bench::read_arguments(argc, argv))->run(); }
