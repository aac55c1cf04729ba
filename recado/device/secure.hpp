// The TLS filter as the application sees it, whichever back end the board has.
#pragma once

#include <expected>
#include <optional>
#include <string_view>

#include <recado/core/bytes.hpp>
#include <recado/tls/error.hpp>
#include <recado/tls/event.hpp>
#include <recado/wire/machine.hpp>

namespace recado::device {

/// A `stream_filter` behind virtual functions; their meaning is that of wire/machine.hpp.
class secure {
 public:
  /// Who shall answer: a host name, or an IP address as text. Before `opened`; stays for later connections.
  virtual std::expected<void, tls::error> set_peer(std::string_view host) = 0;
  /// The stream below is there.
  virtual void opened(instant now) = 0;
  /// It is gone.
  virtual void lost(fault why, instant now) = 0;
  /// Takes ciphertext from the front of `in`.
  virtual std::optional<tls::event> receive(bytes& in, instant now) = 0;
  /// The ciphertext to be sent next.
  virtual bytes pending(instant now) = 0;
  /// How much of it the stream took, in bytes.
  virtual void sent(std::size_t n) = 0;
  /// When to come back at the latest.
  virtual instant deadline() const = 0;
  /// True between `secured` and the end.
  virtual bool ready() const = 0;
  /// What has arrived in the clear and isn't consumed.
  virtual bytes plaintext() const = 0;
  /// How much of it was used, in bytes.
  virtual void consumed(std::size_t n) = 0;
  /// Takes plaintext: how many bytes there was room for.
  virtual std::size_t write(bytes out, instant now) = 0;
  /// Says close_notify behind what was written (RFC 8446 §6.1).
  virtual void close(instant now) = 0;

 protected:
  ~secure() = default;
};

/// Any TLS filter as a `secure`. The filter must outlive it.
template <stream_filter Filter>
class secure_by final : public secure {
 public:
  /// Refers to the filter.
  explicit secure_by(Filter& filter) : filter_(&filter) {}
  std::expected<void, tls::error> set_peer(std::string_view host) override { return filter_->set_peer(host); }
  void opened(instant now) override { filter_->opened(now); }
  void lost(fault why, instant now) override { filter_->lost(why, now); }
  std::optional<tls::event> receive(bytes& in, instant now) override { return filter_->receive(in, now); }
  bytes pending(instant now) override { return filter_->pending(now); }
  void sent(std::size_t n) override { filter_->sent(n); }
  instant deadline() const override { return filter_->deadline(); }
  bool ready() const override { return filter_->ready(); }
  bytes plaintext() const override { return filter_->plaintext(); }
  void consumed(std::size_t n) override { filter_->consumed(n); }
  std::size_t write(bytes out, instant now) override { return filter_->write(out, now); }
  void close(instant now) override { filter_->close(now); }

 private:
  Filter* filter_;
};

}  // namespace recado::device
