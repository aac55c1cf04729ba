#include <recado/drive/lwip/tcp_stream.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

#include <lwip/tcp.h>

#include <recado/drive/lwip/faults.hpp>
#include <recado/drive/lwip/interface.hpp>

namespace recado::lwip {
namespace {

ip_addr_t lwip_address(const ip_address& from) { return {lwip_htonl(from.v4_value())}; }

}  // namespace

std::expected<void, fault> tcp_stream::connect(const endpoint& peer, instant now) {
  abandon();
  why_ = broken_ = {};
  peer_ended_ = false;
  copied_ = lent_ = acknowledged_ = 0;
  const ip_addr_t to = lwip_address(peer.address);
  if (!peer.address.is_v4() || !has_way_to(to)) return std::unexpected{make_fault(stream_error::unreachable)};
  pcb_ = tcp_new();
  if (pcb_ == nullptr) return std::unexpected{make_fault(link_error::no_resources)};
  tcp_arg(pcb_, this);
  tcp_recv(pcb_, on_received);
  tcp_sent(pcb_, on_acknowledged);
  tcp_err(pcb_, on_error);
  tcp_nagle_disable(pcb_);
  if (const err_t failed = tcp_connect(pcb_, &to, peer.port, on_connected); failed != ERR_OK) {
    abandon();
    return std::unexpected{stream_fault(failed)};
  }
  phase_ = phase::connecting;
  deadline_ = now + options_.connect_timeout;
  return {};
}

signed char tcp_stream::on_connected(void* self, tcp_pcb*, signed char) {
  auto& stream = *static_cast<tcp_stream*>(self);
  stream.phase_ = phase::open;
  stream.deadline_ = never;
  return ERR_OK;
}

signed char tcp_stream::on_received(void* self, tcp_pcb*, pbuf* what, signed char) {
  auto& stream = *static_cast<tcp_stream*>(self);
  if (what == nullptr) {
    stream.peer_ended_ = true;
    return ERR_OK;
  }
  stream.available_ += what->tot_len;
  if (stream.received_ == nullptr) stream.received_ = what;
  else pbuf_cat(stream.received_, what);
  return ERR_OK;
}

signed char tcp_stream::on_acknowledged(void* self, tcp_pcb*, std::uint16_t count) {
  auto& stream = *static_cast<tcp_stream*>(self);
  const std::size_t of_copied = std::min<std::size_t>(count, stream.copied_);
  stream.copied_ -= of_copied;
  stream.acknowledged_ += count - of_copied;
  return ERR_OK;
}

// The connection is gone already; the memory that was lent isn't looked at any more.
void tcp_stream::on_error(void* self, signed char error) {
  auto& stream = *static_cast<tcp_stream*>(self);
  stream.pcb_ = nullptr;
  stream.lent_ = stream.acknowledged_ = stream.copied_ = 0;
  stream.broken_ =
      stream.phase_ == phase::connecting && error == ERR_RST ? make_fault(stream_error::refused) : stream_fault(error);
  if (stream.phase_ == phase::connecting || stream.phase_ == phase::closing) stream.end(stream.broken_);
}

void tcp_stream::detach() {
  tcp_arg(pcb_, nullptr);
  tcp_recv(pcb_, nullptr);
  tcp_sent(pcb_, nullptr);
  tcp_err(pcb_, nullptr);
}

void tcp_stream::drop_received() {
  if (received_ != nullptr) pbuf_free(std::exchange(received_, nullptr));
  available_ = 0, offset_ = 0;
}

void tcp_stream::abandon() {
  drop_received();
  if (pcb_ == nullptr) return;
  detach();
  tcp_pcb* const pcb = std::exchange(pcb_, nullptr);
  tcp_setprio(pcb, TCP_PRIO_MIN);  // what it has still to deliver mustn't keep the next connection from its place
  if (lent_ != 0 || tcp_close(pcb) != ERR_OK) tcp_abort(pcb);
  lent_ = acknowledged_ = copied_ = 0;
}

void tcp_stream::end(fault why) {
  if (phase_ == phase::closed) return;
  abandon();
  why_ = why;
  phase_ = phase::closed;
  deadline_ = never;
}

tcp_stream::phase tcp_stream::advance(instant now) {
  if (phase_ == phase::connecting && now >= deadline_) {
    lent_ = 1;  // a reset: nobody waits for an answer any more
    end(make_fault(stream_error::timed_out));
  }
  if (phase_ == phase::closing && (peer_ended_ || now >= deadline_)) end(make_fault(stream_error::aborted));
  return phase_;
}

std::size_t tcp_stream::take_acknowledged() {
  const std::size_t count = std::min(std::exchange(acknowledged_, 0), lent_);
  lent_ -= count;
  return count;
}

// As much as lwIP has room for, in one go.
std::size_t tcp_stream::write(bytes data, bool lend) {
  const std::size_t count = std::min<std::size_t>(data.size(), tcp_sndbuf(pcb_));
  if (count == 0 || tcp_sndqueuelen(pcb_) + 2 > TCP_SND_QUEUELEN) return 0;
  const auto size = static_cast<u16_t>(count);
  if (tcp_write(pcb_, data.data(), size, lend ? 0 : TCP_WRITE_FLAG_COPY) != ERR_OK) return 0;
  (lend ? lent_ : copied_) += count;
  tcp_output(pcb_);
  return count;
}

std::expected<std::size_t, fault> tcp_stream::send(bytes data, instant) {
  if (broken_ && available_ == 0) return std::unexpected{broken_};  // first what the peer had said before
  if (pcb_ == nullptr || phase_ != phase::open) return std::size_t{0};
  const bytes more = data.subspan(std::min(lent_, data.size()));
  const bool lend = lent_ != 0 || more.size() >= options_.lend_bytes_min;
  const std::size_t taken = more.empty() ? 0 : write(more, lend);
  return lend ? take_acknowledged() : taken;
}

std::expected<std::size_t, fault> tcp_stream::receive(mutable_bytes memory, instant) {
  std::size_t count = 0;
  while (received_ != nullptr && count < memory.size()) {
    const std::size_t part = std::min<std::size_t>(received_->len - offset_, memory.size() - count);
    std::memcpy(memory.data() + count, static_cast<const std::byte*>(received_->payload) + offset_, part);
    count += part, offset_ = static_cast<std::uint16_t>(offset_ + part);
    if (offset_ < received_->len) break;
    pbuf* const rest = received_->next;
    if (rest != nullptr) pbuf_ref(rest);
    pbuf_free(received_);
    received_ = rest, offset_ = 0;
  }
  available_ -= count;
  if (count != 0 && pcb_ != nullptr) tcp_recved(pcb_, static_cast<u16_t>(count));
  if (count != 0 || memory.empty()) return count;
  if (broken_) return std::unexpected{broken_};
  if (peer_ended_) return std::unexpected{make_fault(stream_error::closed_by_peer)};
  return std::size_t{0};
}

void tcp_stream::finish(instant now) {
  if (phase_ != phase::open) return;
  if (pcb_ == nullptr || tcp_shutdown(pcb_, 0, 1) != ERR_OK) return end(make_fault(stream_error::aborted));
  phase_ = phase::closing;
  deadline_ = now + options_.linger;
}

void tcp_stream::close(instant) {
  if (phase_ == phase::idle) return;
  end(make_fault(stream_error::aborted));
}

}  // namespace recado::lwip
