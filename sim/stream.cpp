#include <sim/stream.hpp>

#include <algorithm>

namespace recado::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t piece_max = 9;  // bytes at a time while the stream fragments

}  // namespace

void flow::clear() {
  data_.clear(), pieces_.clear();
  begin_ = arrived_ = first_ = 0;
  last_ = {};
}

void flow::push(bytes data, instant when) {
  if (data.empty()) return;
  data_.insert(data_.end(), data.begin(), data.end());
  pieces_.push_back({when, static_cast<std::uint32_t>(data.size())});
  last_ = when;
}

bytes flow::arrived(instant now) {
  while (first_ < pieces_.size() && pieces_[first_].when <= now) arrived_ += pieces_[first_++].size;
  return bytes{data_}.subspan(begin_, arrived_ - begin_);
}

void flow::take(std::size_t n) {
  begin_ += n;
  if (begin_ == data_.size()) {
    data_.clear(), pieces_.clear();
    begin_ = arrived_ = first_ = 0;
  }
}

void flow::drop_unarrived() {
  data_.resize(arrived_);
  pieces_.resize(first_);
}

bool flow::hold_until(instant when) {
  for (std::size_t i = first_; i < pieces_.size(); ++i) pieces_[i].when = std::max(pieces_[i].when, when);
  last_ = std::max(last_, when);
  return first_ < pieces_.size();
}

ip_address address_of(std::uint8_t host, std::uint16_t which) {
  return ip_address::v4(10, 0, 0, static_cast<std::uint8_t>(50 + place_of(host, which)));
}

std::expected<void, fault> network_stream::connect(const endpoint& peer, instant now) {
  if (current_ != nullptr && current_->client_here) close(now);
  auto free = std::ranges::find_if(all_, [](const connection& one) { return !one.used; });
  if (free == all_.end()) free = all_.emplace(all_.end());
  connection& made = *free;
  made.up.clear(), made.down.clear();
  made = {.place = static_cast<std::size_t>(free - all_.begin()),
          .used = true,
          .serial = ++serial_,
          .client_here = true,
          .up = std::move(made.up),
          .down = std::move(made.down)};
  const std::uint32_t place = peer.address.v4_value() - address_of(0, 0).v4_value();
  made.host = static_cast<std::uint8_t>(place / addresses_max);
  const bool answered = (path.dead_addresses >> place & 1U) == 0;
  if (!path.cable) world_.takes_effect(mishap::cable_out);
  else if (!answered) world_.takes_effect(mishap::address_dead);
  if (path.cable && answered) made.opens = now + 2 * random_.time(path.latency, path.latency * 2) + 1us;
  made.refused = !path.listening || (path.hosts_away >> made.host & 1U) != 0;
  made.broker_here = !made.refused;
  if (made.refused) note_refusal();
  current_ = &made;
  why_ = {};
  ++world_.count.connections;
  last_sent_ = now;
  return {};
}

void network_stream::note_refusal() {
  if (path.listening) return world_.takes_effect(mishap::host_away);
  for (const mishap why : {mishap::broker_refuses_stream, mishap::broker_restarts, mishap::broker_forgets})
    world_.takes_effect(why);
}

device::stream::phase network_stream::advance(instant now) {
  if (current_ == nullptr) return phase::idle;
  if (!current_->client_here) return phase::closed;
  if (now < current_->opens) return phase::connecting;
  if (!current_->refused) return phase::open;
  why_ = make_fault(stream_error::refused, 111);
  current_->client_here = false;
  release(*current_);
  return phase::closed;
}

instant network_stream::arrival(instant last, instant now) {
  world_.takes_effect(mishap::path_slow);
  return std::max(last, now + random_.time(path.latency, path.latency + path.latency / 2)) + 1us;
}

void network_stream::push(flow& to, bytes data, instant now, instant not_before) {
  instant when = std::max(arrival(to.last_arrival(), now), not_before);
  if (now < not_before) world_.takes_effect(mishap::stream_stalls_down);
  if (!path.fragments) return to.push(data, when);
  while (!data.empty()) {
    const std::size_t n = std::min<std::size_t>(data.size(), random_.between(1, piece_max));
    to.push(data.first(n), when);
    data = data.subspan(n);
    if (!data.empty()) world_.takes_effect(mishap::stream_fragments);
    if (!random_.one_in(3)) when += duration{random_.between(1, 4000)};
  }
}

std::expected<std::size_t, fault> network_stream::send(bytes data, instant now) {
  if (current_ == nullptr || !current_->client_here) return std::unexpected{make_fault(stream_error::reset)};
  connection& on = *current_;
  if (on.down_end == connection::end::broken && now >= on.down_ends)
    return std::unexpected{make_fault(stream_error::reset, 104)};
  std::size_t n = std::min<std::size_t>(data.size(), path.window - std::min<std::size_t>(path.window, on.up.held()));
  if (now < path.up_stalls_until && !data.empty()) world_.takes_effect(mishap::stream_stalls_up);
  if (now < path.up_stalls_until || !path.cable) n = 0;
  if (path.fragments && n != 0) {
    n = std::min<std::size_t>(n, random_.between(0, 40));
    if (n == 0) retry_ = now + 1ms;
  }
  full_ = full_ || n < data.size();
  if (n == 0) return 0;
  last_sent_ = now;
  sent_bytes_ += n;
  if (on.silent) {  // after some minutes without any acknowledgement TCP gives up
    if (on.down_end == connection::end::none)
      on.down_end = connection::end::broken, on.down_ends = now + random_.time(1min, 4min);
    return on.up.push(data.first(n), never), n;
  }
  if (on.up_end != connection::end::none || !on.broker_here) return n;  // into the void: the reset is on its way
  std::size_t passed = n;
  if (on.up_left >= 0) passed = std::min<std::size_t>(n, static_cast<std::size_t>(on.up_left));
  push(on.up, data.first(passed), now, {});
  if (on.up_left >= 0 && (on.up_left -= static_cast<std::int64_t>(passed)) == 0) {
    on.up_end = on.down_end = connection::end::broken;
    on.up_ends = on.up.last_arrival() + 1us;
    on.down_ends = std::max(now + path.latency, on.up_ends) + 1us;
    world_.takes_effect(mishap::stream_cut_up);
  }
  return n;
}

std::expected<std::size_t, fault> network_stream::receive(mutable_bytes memory, instant now) {
  if (current_ == nullptr || !current_->client_here) return std::unexpected{make_fault(stream_error::aborted)};
  connection& on = *current_;
  const bool over = on.down_end != connection::end::none && now >= on.down_ends;
  if (over && on.down_end == connection::end::broken) return std::unexpected{make_fault(stream_error::reset, 104)};
  const bytes here = on.silent ? bytes{} : on.down.arrived(now);
  if (here.empty() && over) return std::unexpected{make_fault(stream_error::closed_by_peer)};
  std::size_t n = std::min(here.size(), memory.size());
  if (path.fragments) n = std::min<std::size_t>(n, random_.between(1, 64));
  copy(here.first(n), memory);
  on.down.take(n);
  return n;
}

std::size_t network_stream::available() { return current_ == nullptr ? 0 : current_->down.arrived(world_.now).size(); }

void network_stream::finish(instant now) { close(now); }

void network_stream::close(instant now) {
  if (current_ == nullptr || !current_->client_here) return;
  connection& on = *current_;
  on.client_here = false;
  why_ = make_fault(stream_error::aborted);
  if (path.cable && !on.silent && on.up_end == connection::end::none) {
    on.up_end = connection::end::finished;
    on.up_ends = arrival(on.up.last_arrival(), now);
  }
  if (now < on.opens) on.broker_here = false;
  release(on);
}

void network_stream::release(connection& which) {
  if (!which.client_here && !which.broker_here) which.used = false;
}

void network_stream::noticed(instant now) {
  if (current_ != nullptr && !current_->silent) (void)current_->down.arrived(now);
}

instant network_stream::device_wakes() const {
  if (current_ == nullptr || !current_->client_here) return never;
  const connection& on = *current_;
  if (on.opens != never && world_.now < on.opens) return on.opens;
  instant until = std::min(on.silent ? never : on.down.next_arrival(), retry_ > world_.now ? retry_ : never);
  if (on.down_ends > world_.now) until = std::min(until, on.down_ends);
  if (full_ && path.up_stalls_until > world_.now) until = std::min(until, path.up_stalls_until);
  return until;
}

instant network_stream::broker_wakes() const {
  instant until = never;
  for (const connection& one : all_) {
    if (!one.used || !one.broker_here) continue;
    if (!one.silent) until = std::min(until, one.up.next_arrival());
    until = std::min(until, one.up_ends);
  }
  return until;
}

void network_stream::broker_says(connection& on, bytes data, instant now) {
  if (!on.broker_here || on.down_end != connection::end::none) return;
  if (!on.client_here || on.silent || !path.cable) {
    if (!on.client_here && !on.silent && path.cable && on.up_ends == never)  // the device's side answers with a reset
      on.up_end = connection::end::broken, on.up_ends = now + 2 * path.latency + 1us;
    return;
  }
  std::size_t passed = data.size();
  if (on.down_left >= 0) passed = std::min<std::size_t>(passed, static_cast<std::size_t>(on.down_left));
  push(on.down, data.first(passed), now, path.down_stalls_until);
  if (on.down_left >= 0 && (on.down_left -= static_cast<std::int64_t>(passed)) == 0) {
    on.up_end = on.down_end = connection::end::broken;
    on.down_ends = on.down.last_arrival() + 1us;
    on.up_ends = now + path.latency + 1us;
    world_.takes_effect(mishap::stream_cut_down);
  }
}

void network_stream::broker_ends(connection& on, connection::end how, instant now) {
  if (!on.broker_here) return;
  on.broker_here = false;
  on.up.clear();
  if (on.down_end == connection::end::none && on.client_here && !on.silent) {
    on.down_end = how;
    on.down_ends = how == connection::end::finished ? arrival(on.down.last_arrival(), now) : now + path.latency + 1us;
  }
  release(on);
}

void network_stream::break_now(connection& which, instant now) {
  which.up.drop_unarrived();
  which.down.drop_unarrived();
  which.up_end = which.down_end = connection::end::broken;
  which.up_ends = now + random_.time(1us, path.latency + 2us);
  which.down_ends = now + random_.time(1us, path.latency + 2us);
}

void network_stream::device_dies(instant) {
  if (current_ != nullptr) current_->client_here = false, release(*current_);
  current_ = nullptr;
}

// What was under way is lost; TCP would send it again, but the device gives the connection up.
void network_stream::cable(bool there, instant) {
  path.cable = there;
  if (there || current_ == nullptr) return;
  if (current_->client_here && !current_->silent) world_.takes_effect(mishap::cable_out);
  current_->up.drop_unarrived(), current_->down.drop_unarrived();
  current_->silent = true;
}

void network_stream::stall_down(instant until) {
  path.down_stalls_until = until;
  for (connection& one : all_)
    if (one.used && one.down.hold_until(until)) world_.takes_effect(mishap::stream_stalls_down);
}

}  // namespace recado::sim
