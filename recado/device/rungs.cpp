// What the application does for each rung, and how it takes it back.
#include <algorithm>
#include <utility>

#include <recado/device/application.hpp>

namespace recado::device {

using chain::happening;
using chain::rung;
using namespace std::string_view_literals;

void application::attempt(const chain::want& wish, instant now) {
  begun_[static_cast<std::size_t>(wish.at)] = now;
  report(rung_report::kind::begun, wish.at, {}, now);
  switch (wish.at) {
    case rung::link:
      set_initial_clock(now);
      climbing_link_ = true;
      if (link_) reached(rung::link, {}, now);
      else if (!conductor_.last_fault()) say_no_link();  // of a loss it was told
      return;
    case rung::lease:
      return address_.start(wish.server != 0, now);
    case rung::time_name:
      return find_time_server(wish.server, now);
    case rung::clock: {
      ntp::options how;
      how.earliest = build_date(), how.clock = on_.clock, how.enough = time_good_enough;
      if (const auto begun = time_.start({time_servers_.begin(), time_servers_.size()}, how, now); !begun)
        failed(rung::clock, make_fault(begun.error()), now);
      return;
    }
    case rung::name:
      return find_broker({wish.server, wish.referred}, now);
    case rung::stream:
      anew_ = 0;
      return open_stream(wish.address, now);
    case rung::secure:
    case rung::session:
      return;  // the channel goes on by itself
    case rung::online:
      return set_up(now);
  }
}

void application::undo(rung from, instant now) {
  on_.leds.set(3, false);
  presence_.went_offline();
  subscription_due_ = false;
  channel_.abandon(now);
  if (from <= rung::name) names_.stop(now), naming_ = rung::link;
  if (from <= rung::clock) time_.stop();
  if (from > rung::lease) return;
  on_.leds.set(2, false);
  if (from == rung::link && !link_) return address_.link_down(now);
  if (conductor_.ending()) {
    address_.release(now);
    if (on_.clock.trusted()) memory_.keep(on_.clock.at(now));
  }
}

// A real-time clock is believed if it isn't older than the program; else the last known time, else the build date.
void application::set_initial_clock(instant now) {
  if (on_.clock.trusted() || conductor_.clock_was_set()) return;
  const utc_time earliest = build_date();
  const auto own = on_.real_time_clock.read();
  const auto last = memory_.last_time();
  if (chosen_.ntp.trust_clock && own && *own >= earliest) {
    on_.clock.set(*own, now);
    return conductor_.clock_is_plausible(true);
  }
  const bool known = chosen_.ntp.trust_clock && last && *last >= earliest;
  on_.clock.set(known ? *last : earliest, now, false);
  conductor_.clock_is_plausible(known);
}

void application::set_name_servers(instant now) {
  fixed_vector<endpoint, dns::servers_max> servers;
  const auto add = [&](const ip_address& address, std::uint16_t port) {
    const endpoint one{address, port};
    if (address && address != ip_address::v4_any() && std::ranges::find(servers, one) == servers.end())
      (void)servers.push_back(one);
  };
  for (const std::string_view each : chosen_.dns.servers) {
    if (each == "dhcp"sv) {
      for (const ip_address& one : address_.lease().dns_servers) add(one, dns::server_port);
    } else if (each == "gateway"sv) {
      add(dhcp::gateway(address_.lease()), dns::server_port);
    } else if (const auto named = parse_server(each, dns::server_port)) {
      if (const auto address = parse_address(named->host)) add(*address, named->port);
    }
  }
  names_.set_servers({servers.begin(), servers.size()}, now);
}

void application::find_time_server(std::uint8_t number, instant now) {
  time_servers_.clear();
  const std::string_view text = chosen_.ntp.servers[number];
  if (text == "dhcp"sv) {
    char memory[160];
    buffer_sink detail{memory};
    for (const ip_address& each : address_.lease().ntp_servers) {
      (void)time_servers_.push_back({each, ntp::server_port});
      detail << (time_servers_.size() == 1 ? "from DHCP: " : ", ") << each;
    }
    if (time_servers_.empty())
      return failed(rung::time_name, make_fault(ntp::error::no_server), now, {"DHCP named no time server"sv, {}});
    return reached(rung::time_name, detail.view(), now);
  }
  const server wanted = *parse_server(text, ntp::server_port);
  (void)time_servers_.push_back({{}, wanted.port});  // the port waits there for the addresses
  naming_ = rung::time_name;
  names_.start(wanted.host, now);
}

server application::broker_at(chain::broker_choice which) const {
  if (which.referred) return named_.at(which.number, broker_port(chosen_));
  return *parse_server(chosen_.broker.servers[which.number], broker_port(chosen_));
}

void application::find_broker(chain::broker_choice which, instant now) {
  broker_ = which;
  const server wanted = broker_at(which);
  addresses_.clear();
  (void)addresses_.push_back({{}, wanted.port});
  naming_ = rung::name;
  names_.start(wanted.host, now);
}

void application::open_stream(std::uint16_t number, instant now) {
  mqtt::connect_options how;
  const auto& broker = chosen_.broker;
  how.version = broker.version == protocol::v5_0 ? mqtt::version::v5_0 : mqtt::version::v3_1_1;
  how.client_identifier = client_id();
  // The first connection of a run can't resume: what was in flight then isn't known here [MQTT-3.2.2-4].
  how.clean_start = !connected_before_ || broker.session_expiry_s == 0;
  how.keep_alive_s = static_cast<std::uint16_t>(broker.keep_alive_s);
  if (how.version == mqtt::version::v5_0) how.session_expiry_s = broker.session_expiry_s;
  // 3.1.1 knows only sessions that last or end with the connection: the first one must be made to last.
  if (how.version == mqtt::version::v3_1_1 && broker.session_expiry_s != 0) how.clean_start = false;
  if (places_.stale_at(broker_number())) how.clean_start = true;
  if (!broker.user_name.empty()) how.user_name = broker.user_name;
  if (!broker.password.empty()) how.password = as_bytes(broker.password);
  mqtt::will last_words;
  last_words.topic = broker.public_topic, last_words.payload = as_bytes(presence_.texts().disconnected);
  last_words.qos = broker.qos;
  if (!test_) how.will = last_words;
  if (const auto asked = session_.connect(how); !asked) return failed(rung::stream, make_fault(asked.error()), now);
  const server wanted = broker_at(broker_);
  const std::string_view name = chosen_.tls.server_name.empty() ? wanted.host : chosen_.tls.server_name;
  const auto begun = channel_.connect(addresses_[std::min<std::size_t>(number, addresses_.size() - 1)], name, now);
  if (!begun) failed(rung::stream, begun.error(), now);
}

// On another connection to the same broker. The conductor goes on waiting for the session.
void application::connect_anew(instant now) {
  ++anew_;
  (void)session_.disconnect();
  channel_.abandon(now);
  open_stream(conductor_.address(), now);
}

std::uint32_t application::broker_number() const {
  const server now = broker_at(broker_);
  return chain::session_places::number_of(now.host, now.port);
}

std::string_view application::client_id() const {
  const std::string_view own{client_id_.data(), client_id_size_};
  return chosen_.broker.client_id.empty() ? own : chosen_.broker.client_id;
}

endpoint application::broker_address() const {
  if (addresses_.empty()) return {};
  return addresses_[std::min<std::size_t>(conductor_.address(), addresses_.size() - 1)];
}

void application::set_up(instant now) {
  if (subscribed_) return reached(rung::online, "the subscription still holds"sv, now);
  subscription_due_ = true;
  subscribe(now);
}

// Messages that are on their way again may have all the places: then their answers make room. The rung bounds that.
void application::subscribe(instant now) {
  using enum mqtt::error;
  const mqtt::subscription wanted[] = {{.filter = chosen_.broker.secret_topic, .qos = chosen_.broker.qos}};
  const auto asked = session_.subscribe(wanted);
  const mqtt::error why = asked ? none : asked.error();
  if (why == flight_table_full || why == no_room || why == payload_pending) return;
  subscription_due_ = false;
  if (!asked) return failed(rung::online, make_fault(why), now);
  subscribing_ = *asked;
}

}  // namespace recado::device
