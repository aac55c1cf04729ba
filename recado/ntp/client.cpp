#include <recado/ntp/client.hpp>

#include <algorithm>

#include <recado/core/outcome.hpp>

namespace recado::ntp {

namespace {

constexpr std::uint32_t kiss_code(const char (&text)[5]) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(text[i]);
  return value;
}

/// What forbids to use an answer, whatever its delay.
outcome<error> flaw_of(const packet& answer) {
  if (answer.leap_indicator() == leap::unknown || answer.stratum > stratum_max)
    return std::unexpected{error::unsynchronised};
  if (answer.received == timestamp::unknown || answer.transmitted == timestamp::unknown)
    return std::unexpected{error::implausible};
  if (between(answer.received, answer.transmitted) < duration{0}) return std::unexpected{error::implausible};
  // RFC 5905 §A.5.1.1: a server can't have set its clock after it answered.
  const bool was_set = answer.reference != timestamp::unknown;
  if (was_set && between(answer.reference, answer.transmitted) < duration{0})
    return std::unexpected{error::implausible};
  if (to_duration(answer.root_delay) / 2 + to_duration(answer.root_dispersion) > root_distance_ms_max)
    return std::unexpected{error::too_far};
  return {};
}

}  // namespace

std::expected<void, error> client::start(std::span<const endpoint> servers, const options& how, instant now) {
  if (servers.empty()) return std::unexpected{error::no_server};
  servers_.clear();
  for (const endpoint& server : servers.first(std::min(servers.size(), servers_max))) servers_.push_back(server);
  how_ = how;
  how_.samples = std::clamp(how.samples, 1u, samples_max);
  best_ = {};
  why_ = {};
  left_ = now - how_.spacing;
  choose_server(0, now);
  return {};
}

void client::stop() {
  at_ = stage::idle;
  deadline_ = never;
  nonce_ = timestamp::unknown;
}

const client::barred* client::bar_of(const endpoint& server, instant now) const {
  for (const barred& row : barred_)
    if (same_peer(row.server, server) && row.until > now) return &row;
  return nullptr;
}

void client::bar(instant until, fault why) {
  for (std::size_t i = 0; i < barred_.size(); ++i)
    if (same_peer(barred_[i].server, servers_[server_])) barred_.erase(i--);
  if (barred_.full()) barred_.erase(0);
  barred_.push_back({servers_[server_], until, why});
}

/// Goes to the first server from `first` on that may be asked; without one the measurement has failed.
void client::choose_server(std::size_t first, instant now) {
  losses_ = 0;
  for (server_ = first; server_ < servers_.size(); ++server_) {
    const barred* const bar = bar_of(servers_[server_], now);
    if (bar == nullptr) return ask_at(now, now);
    why_ = bar->why;
    if (is(why_, error::rate_limited))
      why_.detail = static_cast<std::uint32_t>(std::chrono::ceil<std::chrono::seconds>(bar->until - now).count());
  }
  end(now);
}

/// A server is done with. What it said says more about the cause than the silence of another.
void client::leave_server(fault why, instant now) {
  if (best_.samples != 0) return end(now);
  if (!why_ || !is(why, error::time_out)) why_ = why;
  choose_server(server_ + 1, now);
}

void client::ask_at(instant when, instant now) {
  nonce_ = timestamp::unknown;
  at_ = when <= now ? stage::due : stage::waiting;
  // A query that can't be sent for that long counts as lost.
  deadline_ = when <= now ? now + answer_ms_max : when;
}

void client::lose_query(instant now) {
  if (++losses_ >= losses_max) return leave_server(make_fault(error::time_out), now);
  ask_at(std::max(now, left_ + how_.spacing), now);
}

void client::end(instant now) {
  at_ = stage::ended;
  nonce_ = timestamp::unknown;
  deadline_ = now;
}

std::uint16_t client::draw_port() const {
  return driver_chooses_ports_ ? std::uint16_t{0}
                               : static_cast<std::uint16_t>(port_min + random_.below(0x10000u - port_min));
}

/// The query tells nothing but its version and mode: the transmit field is random, so that only who sees the
/// query can answer it (RFC 5905 §8 "origin"; draft-ietf-ntp-data-minimization).
void client::compose() {
  nonce_ = static_cast<timestamp>(random_.u64());
  if (nonce_ == timestamp::unknown) nonce_ = timestamp{1};
  port_ = draw_port();
  packet query;
  query.set_first(leap::none, version, mode::client);
  query.transmitted = nonce_;
  encode(query, out_);
}

void client::port_taken(instant) {
  if (at_ == stage::due && nonce_ != timestamp::unknown) port_ = draw_port();
}

void client::undeliverable(std::uint16_t local_port, const endpoint& peer, fault why, instant now) {
  if (!expects(local_port) || !same_peer(servers_[server_], peer)) return;
  leave_server(make_fault(error::unreachable, why.detail), now);
}

bool client::expects(std::uint16_t local_port) const { return nonce_ != timestamp::unknown && port_ == local_port; }

void client::opened(instant) { open_ = true; }

void client::lost(fault why, instant now) {
  open_ = false;
  if (at_ == stage::idle) return;
  best_ = {};
  why_ = why;
  end(now);
}

std::optional<client::event> client::receive(datagram& in, instant now) {
  if (!in.payload.empty()) handle(in, now);
  in.payload = {};
  check_times(now);
  if (at_ != stage::ended) return {};
  return report();
}

client::event client::report() {
  stop();
  if (best_.samples == 0) return failed{why_};
  return best_;
}

void client::check_times(instant now) {
  if (at_ == stage::idle || at_ == stage::ended || deadline_ > now) return;
  if (at_ == stage::waiting) ask_at(now, now);
  else lose_query(now);
}

void client::handle(const datagram& in, instant now) {
  if (at_ != stage::in_flight || !same_peer(in.peer, servers_[server_])) return;
  if (port_ != 0 && in.local_port != port_) return;
  const auto answer = decode(in.payload);
  if (!answer || answer->association() != mode::server || answer->origin != nonce_) return;
  if (answer->version_number() < version_min || answer->version_number() > version) return;
  nonce_ = timestamp::unknown;  // it answers once: duplicates find nothing to match
  if (answer->stratum == 0) return hear_kiss(*answer, now);
  if (const auto done = flaw_of(*answer); !done) return leave_server(make_fault(done.error()), now);
  // Drivers stamp arrivals more exactly than they call, and may call with a `now` from before the query left. A
  // time stamp that can't be is replaced by the time of this call, which is late at worst.
  const bool can_be = in.received >= left_ && in.received <= left_ + answer_ms_max;
  take_sample(*answer, can_be ? in.received : std::max(now, left_), now);
}

/// RFC 5905 §7.4: stratum 0 is no time but a message.
void client::hear_kiss(const packet& answer, instant now) {
  const std::uint32_t code = answer.reference_id;
  if (code == kiss_code("DENY") || code == kiss_code("RSTR")) {
    bar(never, make_fault(error::denied));
  } else if (code == kiss_code("RATE")) {
    const unsigned exponent = answer.poll <= 12 ? answer.poll : 0;  // more than an hour isn't believed
    const auto pause = std::max(rate_s_min, std::chrono::seconds{1 << exponent});
    bar(now + pause, make_fault(error::rate_limited, static_cast<std::uint32_t>(pause.count())));
  } else if (answer.leap_indicator() == leap::unknown || code == 0) {
    return leave_server(make_fault(error::unsynchronised), now);
  } else {
    return leave_server(make_fault(error::kiss, code), now);
  }
  leave_server(barred_.back().why, now);
}

void client::take_sample(const packet& answer, instant arrived, instant now) {
  const duration delay = (arrived - left_) - between(answer.received, answer.transmitted);
  if (delay < -delay_below_zero_ms_max) return leave_server(make_fault(error::implausible), now);
  synchronised sample;
  sample.delay = longer(delay, {});
  sample.at = arrived;
  const utc_time believed = how_.clock.at(arrived);
  const utc_time near = how_.clock.trusted() ? std::max(how_.earliest, believed) : how_.earliest;
  sample.utc = unfold(answer.transmitted, near) + sample.delay / 2;
  if (sample.utc < how_.earliest) return leave_server(make_fault(error::before_build_date), now);
  if (believed != utc_time{}) sample.offset = sample.utc - believed;
  sample.root_delay = to_duration(answer.root_delay);
  sample.root_dispersion = to_duration(answer.root_dispersion);
  sample.stratum = answer.stratum;
  sample.leap_indicator = answer.leap_indicator();
  sample.server = servers_[server_];

  const auto samples = static_cast<std::uint8_t>(best_.samples + 1);
  if (best_.samples == 0 || sample.delay < best_.delay) best_ = sample;
  best_.samples = samples;
  const bool good_enough = how_.enough > duration{0} && sample.delay <= how_.enough;
  if (samples >= how_.samples || good_enough) end(now);
  else ask_at(std::max(now, left_ + how_.spacing), now);
}

std::optional<datagram> client::pending(instant) {
  if (!open_ || at_ != stage::due) return {};
  if (nonce_ == timestamp::unknown) compose();
  return datagram{.local_port = port_, .peer = servers_[server_], .payload = out_};
}

void client::sent(instant now) {
  if (at_ != stage::due || nonce_ == timestamp::unknown) return;
  left_ = now;
  at_ = stage::in_flight;
  deadline_ = now + answer_ms_max;
}

instant client::deadline() const { return deadline_; }

}  // namespace recado::ntp
