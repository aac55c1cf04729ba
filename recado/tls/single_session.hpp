// A session store for one server, in place: what a device or a client of one broker needs.
#pragma once

#include <array>

#include <recado/core/fixed_vector.hpp>
#include <recado/tls/options.hpp>

namespace recado::tls {

/// Keeps the last session of one host in up to `Capacity` bytes and wipes it at the end. A session that doesn't fit
/// isn't kept, and the next handshake is a full one; with certificates of usual size 4096 bytes are enough.
template <std::size_t Capacity = 4096>
class single_session final : public session_store {
 public:
  single_session() = default;
  single_session(const single_session&) = delete;
  single_session& operator=(const single_session&) = delete;
  ~single_session() { clear(); }

  void keep(std::string_view host, bytes session) override {
    clear();
    if (session.size() > Capacity || !host_.assign(host)) return;
    copy(session, memory_);
    size_ = session.size();
  }
  bytes find(std::string_view host) override { return host == host_.view() ? kept() : bytes{}; }
  void forget(std::string_view host) override {
    if (host == host_.view()) clear();
  }

  /// What is kept, to be stored over a restart (a secret), and the host that it belongs to.
  bytes kept() const { return bytes{memory_}.first(size_); }
  /// Whose session it is.
  std::string_view host() const { return host_.view(); }

 private:
  void clear() {
    wipe(mutable_bytes{memory_}.first(size_));
    size_ = 0;
    host_.clear();
  }

  std::array<std::byte, Capacity> memory_{};
  std::size_t size_ = 0;
  fixed_string<host_bytes_max> host_;
};

}  // namespace recado::tls
