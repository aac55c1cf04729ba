// `recado probe mqtt --table`: what a broker supports, by what it announces and by trying it with topics that nobody
// else has. Each question has a connection of its own, so that a refusal ends nothing else. They have identifiers that
// are derived from the one given: that one's own session, and a client that uses it now, are left alone
// [MQTT-3.1.4-3], [MQTT-3.1.2-4].
#include <array>
#include <memory>

#include <recado/drive/posix/drive_stream.hpp>
#include <recado/drive/posix/entropy.hpp>
#include <recado/mqtt/session.hpp>

#include "probe_tls.hpp"
#include "tools/json.hpp"
#include "tools/machine.hpp"

namespace recado::app::probe {
namespace {

namespace m = recado::mqtt;

/// One connection to the broker.
class visit {
 public:
  /// `where`: the broker's addresses, which must outlive it.
  visit(const mqtt_options& how, const std::vector<endpoint>& where)
      : how_(how), where_(where), end_(posix::now() + patience_of(how)), session_(storage_.get()), stack_(session_) {
    checked(loop_.open());
    if (how.secure) stack_.add(tls_.emplace(how).filter());
  }
  /// True if the broker accepted, else `why()` says why not.
  bool open(const m::connect_options& options) {
    if (const auto set = session_.connect(options); !set) throw failure_of(make_fault(set.error()));
    posix::tcp_options tcp;
    tcp.connect_timeout = std::min(tcp.connect_timeout, patience_of(how_));
    checked(stream_.connect(loop_, where_, tcp, posix::now()));
    until([this] { return up_ || challenged_; });
    return up_;
  }
  /// What the broker answered to SUBSCRIBE, nothing if it ended the connection or this session may not ask.
  std::optional<m::reason> subscribe(std::string_view filter, m::qos qos = m::qos::exactly_once,
                                     std::uint32_t identifier = 0) {
    granted_.reset();
    const m::subscription one[] = {{.filter = filter, .qos = qos}};
    if (!session_.subscribe(one, {.subscription_identifier = identifier, .user_properties = {}})) return std::nullopt;
    until([this] { return granted_.has_value(); });
    return granted_;
  }
  /// True if the message was taken, with QoS 1 and 2 acknowledged.
  bool publish(std::string_view topic, std::string_view payload, m::qos qos, bool retain = false) {
    acknowledged_.reset();
    if (!session_.publish({.topic = topic, .payload = as_bytes(payload), .qos = qos, .retain = retain})) return false;
    if (qos != m::qos::at_most_once) until([this] { return acknowledged_.has_value(); });
    return qos == m::qos::at_most_once || (acknowledged_ && !m::is_failure(*acknowledged_));
  }
  /// True if a message came since the last call, or comes in time.
  bool hears() {
    until([this] { return messages_ != 0; });
    return std::exchange(messages_, 0) != 0;
  }
  void leave() {
    if (session_.online()) (void)session_.disconnect();
    until([this] { return over_; });
  }
  bool retained() const { return retained_; }
  bool resumed() const { return resumed_; }
  bool challenged() const { return challenged_; }
  m::reason reason() const { return reason_; }
  fault why() const { return why_; }
  const m::announcements& announced() const { return session_.announced(); }

 private:
  template <class Done>
  void until(Done done) {
    while (!done() && !over_ && posix::now() < end_) {
      const auto turn = posix::drive(stack_.outermost(), stream_, buffer_, posix::now(), [this](auto& what) {
        hear(what);
        return over_ ? posix::flow::finish : posix::flow::go_on;
      });
      if (turn.ended && !why_) why_ = stream_.why();
      if (turn.ended) over_ = true;
      if (!done() && !over_) loop_.wait(std::min(turn.deadline, end_));
    }
    if (!done() && !why_ && !over_) why_ = make_fault(stream_error::timed_out);
  }
  void hear(tools::happening& what) {
    if (auto* of_tls = std::get_if<recado::tls::event>(&what)) {
      if (auto* end = std::get_if<recado::tls::closed>(of_tls)) over_ = true, note(end->why);
    } else if (auto* event = std::get_if<m::session_event>(&what)) {
      hear(*event);
    }
  }
  void hear(m::session_event& event) {
    if (auto* up = std::get_if<m::connected>(&event)) up_ = true, resumed_ = up->session_present;
    if (auto* done = std::get_if<m::subscribed>(&event); done != nullptr && !done->reasons.empty())
      granted_ = done->reasons[0];
    if (auto* done = std::get_if<m::acknowledged>(&event)) acknowledged_ = done->reason;
    if (auto* message = std::get_if<m::message_received>(&event)) ++messages_, retained_ = message->retain;
    if (std::holds_alternative<m::challenge>(event)) challenged_ = true;
    if (auto* end = std::get_if<m::closed>(&event)) over_ = true, reason_ = end->reason, note(end->why);
  }
  void note(fault why) {
    if (why && !why_) why_ = why;
  }

  const mqtt_options& how_;
  const std::vector<endpoint>& where_;
  instant end_;
  posix::loop loop_;
  m::session_storage<m::storage_sizes{.transmit = 8'192, .receive = 8'192}> storage_;
  m::session session_;
  tools::stack stack_;
  std::optional<tls_setup> tls_;
  std::array<std::byte, 8'192> memory_{};
  posix::receive_buffer buffer_{memory_};
  posix::tcp_stream stream_;
  bool up_ = false, over_ = false, resumed_ = false, challenged_ = false, retained_ = false;
  unsigned messages_ = 0;
  std::optional<m::reason> granted_, acknowledged_;
  m::reason reason_{};
  fault why_;
};

/// One line of the result.
struct finding {
  std::string_view name, key;
  std::string value;
  bool is_number = false;
};

class surveyor {
 public:
  explicit surveyor(const mqtt_options& how) : how_(how), where_(addresses_of(how, how.host, how.port)) {
    posix::system_entropy random;
    topic_ = "recado-probe/" + std::to_string(random.u32()) + std::to_string(random.u32());
    if (how.client_id.empty()) return;  // the broker names each
    for (std::size_t i = 0; i < identifiers_.size(); ++i) identifiers_[i] = how.client_id + "-" + std::to_string(i + 1);
  }
  std::vector<finding> run() {
    const fault old = versions(m::version::v3_1_1), recent = versions(m::version::v5_0);
    if (old && recent) throw refused(old);
    version_ = recent ? m::version::v3_1_1 : m::version::v5_0;
    yes_no("MQTT 3.1.1", "mqtt_3_1_1", !old);
    yes_no("MQTT 5.0", "mqtt_5_0", !recent);
    messages();
    yes_no("retained messages", "retain", retains());
    yes_no("wildcard subscriptions", "wildcard_subscriptions", takes(topic_ + "/+", 0));
    if (version_ == m::version::v5_0) {
      yes_no("shared subscriptions", "shared_subscriptions", takes("$share/recado/" + topic_, 0));
      yes_no("subscription identifiers", "subscription_identifiers", takes(topic_, 7));
    }
    sessions();
    if (version_ == m::version::v5_0) announcements(), methods();
    return std::move(found_);
  }

 private:
  /// No connection at all: the identifier may be why.
  failure refused(const fault& why) const {
    failure result = failure_of(why);
    if (how_.client_id.empty() || !is(why, m::error::refused)) return result;
    const std::string name = "'" + tools::printable(identifiers_[0]) + "'";
    return failure(std::string{result.what()} + " (as " + name + ")",
                   "check user and password, and whether the broker takes that name, too; or leave -i out");
  }
  /// `number`: of the connection, among those that are open at a time.
  m::connect_options options(m::version version, std::size_t number = 0) const {
    m::connect_options result;
    result.version = version;
    result.client_identifier = identifiers_.at(number);
    result.keep_alive_s = static_cast<std::uint16_t>(how_.keep_alive_s);
    if (how_.has_user_name) result.user_name = how_.user_name;
    if (how_.has_password) result.password = as_bytes(how_.password);
    return result;
  }
  std::unique_ptr<visit> connected(std::size_t number = 0) const {
    auto result = std::make_unique<visit>(how_, where_);
    if (!result->open(options(version_, number))) throw failure_of(result->why());
    return result;
  }
  void yes_no(std::string_view name, std::string_view key, bool yes) {
    found_.push_back({name, key, yes ? "yes" : "no"});
  }
  void number(std::string_view name, std::string_view key, std::uint64_t value) {
    found_.push_back({name, key, std::to_string(value), true});
  }

  fault versions(m::version version) {
    visit one{how_, where_};
    if (!one.open(options(version))) return one.why() ? one.why() : make_fault(m::error::refused);
    if (version == m::version::v5_0) announced_ = one.announced();
    one.leave();
    return {};
  }
  /// What passes, both ways: the highest QoS at which a message comes back.
  void messages() {
    int most = -1, granted = -1;
    for (const m::qos qos : {m::qos::at_most_once, m::qos::at_least_once, m::qos::exactly_once}) {
      const auto one = connected();
      const auto answer = one->subscribe(topic_, qos);
      if (answer && !m::is_failure(*answer)) granted = std::max(granted, static_cast<int>(*answer));
      if (answer && one->publish(topic_, "?", qos) && one->hears()) most = static_cast<int>(qos);
      one->leave();
    }
    found_.push_back({"highest QoS to publish", "qos_publish", most < 0 ? "none" : std::to_string(most), most >= 0});
    found_.push_back(
        {"highest QoS to subscribe", "qos_subscribe", granted < 0 ? "none" : std::to_string(granted), granted >= 0});
  }
  bool retains() const {
    const auto one = connected();
    const bool taken = one->publish(topic_ + "/r", "kept", m::qos::at_least_once, true);
    const auto other = connected(1);
    const bool came = taken && other->subscribe(topic_ + "/r") && other->hears() && other->retained();
    if (taken) (void)one->publish(topic_ + "/r", "", m::qos::at_least_once, true);
    one->leave(), other->leave();
    return came;
  }
  bool takes(const std::string& filter, std::uint32_t identifier) const {
    const auto one = connected();
    const auto answer = one->subscribe(filter, m::qos::at_least_once, identifier);
    one->leave();
    return answer && !m::is_failure(*answer);
  }
  /// Comes back to a session, and ends it.
  void sessions() {
    const std::string identifier = how_.client_id.empty() ? "recado-probe-" + topic_.substr(13) : identifiers_[0];
    m::connect_options keeping = options(version_);
    keeping.client_identifier = identifier;
    keeping.clean_start = false;
    if (version_ == m::version::v5_0) keeping.session_expiry_s = 3'600;
    visit first{how_, where_}, second{how_, where_}, last{how_, where_};
    if (first.open(keeping)) (void)first.subscribe(topic_), first.leave();
    const bool kept = second.open(keeping) && second.resumed();
    if (version_ == m::version::v5_0)
      number("session expiry granted of 3600 s", "session_expiry_s", second.announced().session_expiry_s);
    second.leave();
    keeping.clean_start = true, keeping.session_expiry_s = 0;
    if (last.open(keeping)) last.leave();
    yes_no("sessions are kept", "sessions", kept);
  }
  void announcements() {
    number("maximum packet size", "maximum_packet_size", announced_.maximum_packet_size);
    number("receive maximum", "receive_maximum", announced_.receive_maximum);
    number("topic aliases", "topic_alias_maximum", announced_.topic_alias_maximum);
    number("keep alive in force (s)", "keep_alive_s", announced_.keep_alive_s);
  }
  /// Whether a method of enhanced authentication is answered by a challenge (5.0 §4.12).
  void methods() {
    std::string spoken;
    for (const std::string_view method : {"SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"}) {
      m::connect_options asking = options(version_);
      asking.authentication_method = method;
      asking.authentication_data = as_bytes(std::string_view{"n,,n=recado-probe,r=fyko+d2lbbFgONRv9qkxdawL"});
      visit one{how_, where_};
      (void)one.open(asking);
      if (one.challenged()) spoken += (spoken.empty() ? "" : ", ") + std::string{method};
    }
    found_.push_back({"authentication methods", "authentication_methods", spoken.empty() ? "none" : spoken});
    if (!how_.has_user_name) return yes_no("without user name", "anonymous", true);
    m::connect_options bare = options(version_);
    bare.user_name.reset(), bare.password.reset();
    visit one{how_, where_};
    const bool in = one.open(bare);
    if (in) one.leave();
    yes_no("without user name", "anonymous", in);
  }

  const mqtt_options& how_;
  const std::vector<endpoint> where_;  // asked for once: each question has a connection of its own
  std::string topic_;
  std::array<std::string, 2> identifiers_;
  m::version version_ = m::version::v5_0;
  m::announcements announced_;
  std::vector<finding> found_;
};

}  // namespace

int survey(const mqtt_options& how) {
  const std::vector<finding> found = surveyor{how}.run();
  if (how.json) {
    tools::json line;
    line.open('{');
    for (const finding& each : found) {
      line.key(each.key);
      if (each.is_number) line.word(each.value);
      else if (each.value == "yes" || each.value == "no") line.word(each.value == "yes" ? "true" : "false");
      else line.string(each.value);
    }
    out() << std::string_view{line.close('}').text()} << '\n';
    return exit_success;
  }
  for (const finding& each : found)
    out() << each.name << std::string(34 - std::min<std::size_t>(each.name.size(), 33), ' ') << each.value << '\n';
  return exit_success;
}

}  // namespace recado::app::probe
