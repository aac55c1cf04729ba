#include <recado/device/name_service.hpp>

#include <algorithm>
#include <utility>

namespace recado::device {

name_service::name_service(const board& on, const dns::resolver::memory& memory, mutable_bytes tcp_memory,
                           arrivals& datagrams)
    : on_(on), resolver_(memory, on.entropy), exchange_(tcp_memory), pump_(service::dns, datagrams) {}

void name_service::network_down(instant now) {
  stop(now);
  resolver_.lost(make_fault(stream_error::interface_down), now);
}

void name_service::start(std::string_view name, instant now) {
  stop(now);
  const auto query = resolver_.resolve(name, dns::family::any, now);
  if (query) current_ = *query;
  else refused_ = make_fault(query.error());
}

void name_service::stop(instant now) {
  refused_ = {};
  if (asks_over_tcp()) end_tcp(make_fault(stream_error::aborted), now);
  if (current_ != dns::query_id{}) resolver_.cancel(std::exchange(current_, {}), now);
}

std::optional<name_service::event> name_service::step(instant now) {
  if (refused_) return failed{std::exchange(refused_, {})};
  step_tcp(now);
  for (unsigned turn = 0; turn < 16; ++turn) {
    const auto happened = pump_.step(resolver_, on_.network, now);
    if (!happened) break;
    if (auto told = on_event(*happened, now)) return told;
  }
  return std::nullopt;
}

std::optional<name_service::event> name_service::on_event(const dns::resolver::event& happened, instant now) {
  if (const auto* wish = std::get_if<dns::wants_tcp>(&happened)) {
    const bool possible = has_dns_over_tcp && !over_tcp_;
    if (!possible) resolver_.tcp_failed(wish->id, wish->type, make_fault(dns::error::tcp_failed), now);
    else start_tcp(*wish, now);
    return std::nullopt;
  }
  if (const auto* answer = std::get_if<dns::resolved>(&happened)) {
    if (answer->id != current_) return std::nullopt;
    current_ = {};
    return found{answer->addresses, answer->ttl};
  }
  const auto& none = std::get<dns::failed>(happened);
  if (none.id != current_) return std::nullopt;  // cancelled before
  current_ = {};
  return failed{none.why};
}

void name_service::start_tcp(const dns::wants_tcp& wish, instant now) {
  over_tcp_ = wish;
  tcp_open_ = false;
  if (!exchange_.start(wish.what, now)) return end_tcp(make_fault(dns::error::no_room), now);
  if (const auto begun = on_.network.lookup_stream().connect(wish.server, now); !begun) end_tcp(begun.error(), now);
}

void name_service::end_tcp(fault why, instant now) {
  const dns::wants_tcp wish = *std::exchange(over_tcp_, std::nullopt);
  on_.network.lookup_stream().close(now);
  if (why) resolver_.tcp_failed(wish.id, wish.type, why, now);
}

// The answer is small: each turn reads into a piece of its own, and the exchange keeps what it has consumed.
void name_service::step_tcp(instant now) {
  if (!asks_over_tcp()) return;
  stream& wire = on_.network.lookup_stream();
  const auto phase = wire.advance(now);
  if (phase == stream::phase::closed) return end_tcp(wire.why(), now);
  if (phase == stream::phase::open && !std::exchange(tcp_open_, true)) exchange_.opened(now);
  std::array<std::byte, 512> piece;
  for (unsigned turn = 0; turn < 256 && over_tcp_; ++turn) {
    bytes in;
    if (tcp_open_) {
      const bytes out = exchange_.pending(now);
      if (!out.empty())
        if (const auto gone = wire.send(out, now)) exchange_.sent(*gone);
      const auto got = wire.receive(piece, now);
      if (got) in = bytes{piece}.first(*got);
      else exchange_.lost(got.error(), now);
    }
    const bool nothing = in.empty();
    while (true) {
      const std::size_t before = in.size();
      const auto happened = exchange_.receive(in, now);
      if (happened) {
        if (const auto* answer = std::get_if<dns::tcp_exchange::answered>(&*happened)) {
          resolver_.answered_over_tcp(over_tcp_->id, over_tcp_->type, answer->message, now);
          return end_tcp({}, now);
        }
        return end_tcp(std::get<dns::tcp_exchange::closed>(*happened).why, now);
      }
      if (in.empty() || in.size() == before) break;
    }
    if (nothing) return;
  }
}

instant name_service::deadline() const {
  if (refused_) return instant::min();
  instant until = resolver_.deadline();
  if (asks_over_tcp()) until = std::min({until, exchange_.deadline(), on_.network.lookup_stream().deadline()});
  return until;
}

}  // namespace recado::device
