// The rungs over a stream: TLS and MQTT.
#include <array>
#include <memory>

#include <recado/chain/stacked.hpp>
#include <recado/chain/words.hpp>
#include <recado/drive/posix/clock.hpp>
#include <recado/drive/posix/drive_stream.hpp>
#include <recado/drive/tapped.hpp>
#include <recado/mqtt/session.hpp>

#include "probe.hpp"
#include "probe_tls.hpp"

namespace recado::app::probe {
namespace {

/// How long after the handshake TLS 1.3 servers are given to refuse the client's certificate (RFC 8446 §4.4.2.4).
constexpr duration second_thoughts = std::chrono::seconds{1};

/// A connection and what both probes do with it.
class stream_probe {
 public:
  explicit stream_probe(const stream_options& how)
      : how_(how), shown_(out()), end_(posix::now() + patience_of(how)), buffer_(memory_) {
    checked(loop_.open());
    candidates_ = addresses_of(how, how.host, how.port);
    stream_.observe(&shown_);
    posix::tcp_options options;
    options.interface = interface_of(how);
    options.connect_timeout = std::min(options.connect_timeout, patience_of(how));
    checked(stream_.connect(loop_, candidates_, options, posix::now()));
  }

  watch& shown() { return shown_; }
  posix::tcp_stream& stream() { return stream_; }
  /// What the machine said was wrong; ends the probe as soon as everything was shown.
  void fail(fault why, std::string_view cause = {}) {
    if (!why_) why_ = why, cause_ = cause;
  }
  /// From now on it may take so long and no longer; that is no failure.
  void limit(duration rest) { end_ = posix::now() + rest, limited_ = true; }

  /// All is known: whether the other side ends the stream, too, is waited for a little.
  void linger() { limit(std::min<duration>(posix::tcp_options{}.linger, patience_of(how_))); }
  /// What to say where something came in the time, and not all.
  void if_unfinished(std::string_view text) { unfinished_ = text; }

  /// Drives until the stream has ended, `enough` is true or the limit was reached.
  template <class Machine, class Handler, class Enough>
  void run(Machine& machine, Handler&& on_event, std::string_view missing, Enough&& enough) {
    for (;;) {
      const auto result = posix::drive(machine, stream_, buffer_, posix::now(), on_event);
      out().flush();
      if (result.ended) break;
      if (enough()) return;
      if (posix::now() >= end_) {
        if (limited_ || why_) return;
        throw too_late(how_, shown_.received() == 0 || unfinished_.empty() ? missing : unfinished_);
      }
      loop_.wait(std::min(result.deadline, end_));
    }
    if (!why_ && !is(stream_.why(), stream_error::aborted)) why_ = stream_.why();
  }
  bool failed() const { return static_cast<bool>(why_); }
  void throw_if_failed() const {
    if (!why_) return;
    if (speaks_tls()) throw failure("this port speaks TLS", "add --cafile FILE (or --tls)");
    if (!how_.secure && shown_.received() == 0 && stream_.identity().local.port != 0)
      throw failure("the broker closed the connection without an answer",
                    "if this port speaks TLS add --cafile FILE (or --tls), else see the broker's log");
    throw failure_of(why_, cause_);
  }

 private:
  // An alert or a handshake record where MQTT should be.
  bool speaks_tls() const {
    const std::string& first = shown_.first_bytes();
    return !how_.secure && first.size() >= 2 && (first[0] == 0x15 || first[0] == 0x16) && first[1] == 0x03;
  }

  const stream_options& how_;
  posix::loop loop_;
  watch shown_;
  instant end_;
  bool limited_ = false;
  std::vector<endpoint> candidates_;
  std::array<std::byte, 65'536> memory_;
  posix::receive_buffer buffer_;
  posix::tcp_stream stream_;
  fault why_;
  std::string cause_;
  std::string_view unfinished_;
};

void show(recado::tls::certificate_seen& event) {
  indented fields{out()};
  out() << painted{style::title, "certificate"} << '\n';
  recado::tls::print(*event.seen, event.checked, fields);
}

void show(recado::tls::secured& event) {
  out() << painted{event.verified ? style::good : style::warning, "secured"} << "  ";
  recado::tls::print(event, out());
  out() << (event.verified ? ", the chain and the name are right\n" : ", the server was not verified\n");
}

// ---- MQTT ----

// One field a line, without the indentation that the printer gives them: `watch` has its own.
void print_fields(const recado::mqtt::any_packet& packet, const mqtt_options& how, text_sink& to) {
  std::string text;
  string_sink sink{text};
  recado::mqtt::print(packet, {.protocol = how.version, .show_secrets = how.show_secrets, .one_line = false}, sink);
  for (std::size_t at = 0; (at = text.find("\n  ", at)) != std::string::npos; ++at) text.erase(at + 1, 2);
  to << std::string_view{text};
}

std::size_t print_mqtt(direction way, bytes data, const mqtt_options& how, text_sink& to) {
  recado::mqtt::decode_options options;
  options.protocol = how.version;
  options.from = way == direction::in ? recado::mqtt::sender::server : recado::mqtt::sender::client;
  recado::mqtt::fixed_header header;
  recado::mqtt::any_packet packet;
  if (const auto wrong = recado::mqtt::read_header(data, options, header)) {
    to << "no MQTT packet: " << words(wrong.code) << "\n";
    to.quoted(data.first(std::min<std::size_t>(data.size(), 64)));
    to << '\n';
    return data.size();
  }
  if (header.size == 0 || data.size() < header.total()) return 0;
  if (const auto wrong = recado::mqtt::decode(header, data.first(header.total()), options, packet))
    to << words(header.type) << ", malformed: " << words(wrong.code) << '\n';
  else print_fields(packet, how, to);
  return header.total();
}

recado::mqtt::connect_options connect_options_of(const mqtt_options& how) {
  recado::mqtt::connect_options result;
  result.version = how.version;
  result.client_identifier = how.client_id;
  result.keep_alive_s = static_cast<std::uint16_t>(how.keep_alive_s);
  if (how.has_user_name) result.user_name = how.user_name;
  if (how.has_password) result.password = as_bytes(how.password);
  result.request_response_information = how.version == recado::mqtt::version::v5_0;
  return result;
}

void print_yes(std::string_view name, bool yes) { out() << "    " << name << (yes ? " yes\n" : " no\n"); }
void print_value(std::string_view name, std::uint64_t value, std::string_view unit = {}) {
  out() << "    " << name << ' ';
  out().number(value);
  out() << unit << '\n';
}

void print_announced(const recado::mqtt::session& session, const recado::mqtt::connected& event) {
  out() << painted{style::good, "connected"} << ", " << words(session.version()) << '\n';
  print_yes("session present", event.session_present);
  if (!event.assigned_client_identifier.empty())
    out() << "    assigned client identifier " << event.assigned_client_identifier << '\n';
  if (session.version() != recado::mqtt::version::v5_0) return;
  const auto& server = session.announced();
  print_value("maximum QoS", static_cast<std::uint64_t>(server.maximum_qos));
  print_yes("retain", server.retain_available);
  print_yes("wildcard subscriptions", server.wildcard_subscription_available);
  print_yes("subscription identifiers", server.subscription_identifiers_available);
  print_yes("shared subscriptions", server.shared_subscription_available);
  print_value("receive maximum", server.receive_maximum);
  print_value("topic aliases", server.topic_alias_maximum);
  print_value("maximum packet size", server.maximum_packet_size, " bytes");
  print_value("keep alive", server.keep_alive_s, " s");
  print_value("session expiry", server.session_expiry_s, " s");
}

class mqtt_probe {
 public:
  explicit mqtt_probe(const mqtt_options& how) : stream_(how), session_(storage_.get()), tapped_(session_) {
    if (const auto set = session_.connect(connect_options_of(how)); !set) throw failure_of(make_fault(set.error()));
    const auto print = [&how](direction way, bytes data, text_sink& to) { return print_mqtt(way, data, how, to); };
    stream_.shown().plaintext(print);
    tapped_.observe(&stream_.shown(), stream_.stream().identity());
  }

  int run(const mqtt_options& how) {
    constexpr std::string_view missing = "the broker did not answer";
    const auto on_event = [this](auto& event) { return hear(event); };
    const auto never_enough = [] { return false; };
    stream_.if_unfinished("the broker began to answer CONNECT, and did not come to an end");
    if (how.secure) {
      tls_setup tls{how};
      chain::stacked<tls_filter, tapped<recado::mqtt::session>> stack{tls.filter(), tapped_};
      stream_.run(stack, on_event, missing, never_enough);
      tls.check_key_log();
    } else {
      stream_.run(tapped_, on_event, missing, never_enough);
    }
    if (!connected_) stream_.throw_if_failed();
    if (!connected_) throw failure("the broker closed the connection without an answer", "see the broker's log");
    return exit_success;
  }

 private:
  posix::flow hear(std::variant<recado::tls::event, recado::mqtt::session_event>& event) {
    return std::visit([this](auto& each) { return hear(each); }, event);
  }
  posix::flow hear(recado::tls::event& event) {
    return std::visit([this](auto& each) { return hear(each); }, event);
  }
  posix::flow hear(recado::mqtt::session_event& event) {
    return std::visit([this](auto& each) { return hear(each); }, event);
  }
  posix::flow hear(recado::tls::certificate_seen& event) { return show(event), posix::flow::go_on; }
  posix::flow hear(recado::tls::secured& event) { return show(event), posix::flow::go_on; }
  posix::flow hear(recado::tls::closed& event) {
    if (!connected_) stream_.fail(event.why, event.cause);
    return posix::flow::finish;
  }
  posix::flow hear(recado::mqtt::connected& event) {
    connected_ = true;
    print_announced(session_, event);
    stream_.linger();
    return session_.disconnect(), posix::flow::go_on;
  }
  posix::flow hear(recado::mqtt::closed& event) {
    stream_.linger();
    if (event.why) stream_.fail(event.why);
    if (event.why && !event.reason_string.empty())
      (out() << "the broker says: ").quoted(as_bytes(event.reason_string)) << '\n';
    return posix::flow::finish;
  }
  template <class Other>
  posix::flow hear(Other&) {
    return posix::flow::go_on;
  }

  static constexpr recado::mqtt::storage_sizes sizes{.transmit = 131'072, .receive = 65'536};
  stream_probe stream_;
  recado::mqtt::session_storage<sizes> storage_;
  recado::mqtt::session session_;
  tapped<recado::mqtt::session> tapped_;
  bool connected_ = false;
};

}  // namespace

int tls(const stream_options& how) {
  auto setup = std::make_unique<tls_setup>(how);
  auto probe = std::make_unique<stream_probe>(how);
  probe->shown().wire(print_tls_records);
  bool secured = false;
  std::size_t received_until_then = 0;
  const auto on_event = [&](recado::tls::event& event) {
    if (auto* seen = std::get_if<recado::tls::certificate_seen>(&event)) {
      show(*seen);
    } else if (auto* ready = std::get_if<recado::tls::secured>(&event)) {
      show(*ready);
      secured = true;
      received_until_then = probe->shown().received();
      probe->limit(second_thoughts);
    } else {
      const auto& end = std::get<recado::tls::closed>(event);
      if (!is(end.why, recado::tls::error::closed_by_peer)) probe->fail(end.why, end.cause);
      return posix::flow::finish;
    }
    return posix::flow::go_on;
  };
  // A server that goes on after the client's last flight has accepted it.
  const auto accepted = [&] { return secured && probe->shown().received() > received_until_then; };
  probe->run(setup->filter(), on_event, "the TLS handshake did not end", accepted);
  probe->throw_if_failed();
  if (!secured) throw failure("the server closed the connection before it was secured", "see the server's log");
  setup->filter().close(posix::now());
  probe->stream().finish(posix::now());
  probe->limit(posix::tcp_options{}.linger);
  probe->run(setup->filter(), on_event, {}, [] { return false; });
  setup->check_key_log();
  return exit_success;
}

int mqtt(const mqtt_options& how) {
  return how.table || how.json ? survey(how) : std::make_unique<mqtt_probe>(how)->run(how);
}

}  // namespace recado::app::probe
