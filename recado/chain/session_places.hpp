// Which server holds which session of a client that is sent from one to another.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace recado::chain {

/// Servers by a number for their host and port. One that hasn't the session of the one before is another one, not its
/// twin; should that one be asked again, its session and this side's state have nothing to do with each other.
class session_places {
 public:
  /// The memory holds one number for each server, two at least, and must outlive it. If there are more servers with a
  /// session of their own than that, who was left first is forgotten.
  explicit session_places(std::span<std::uint32_t> memory) : memory_(memory) {}

  /// The number of a server, never 0. Two servers may have the same; then one may have to forget a session in vain.
  static std::uint32_t number_of(std::string_view host, std::uint16_t port);

  /// True if the server there holds an older session than this side's state belongs to: it is to forget it, by Clean
  /// Start [MQTT-3.2.2-4].
  bool stale_at(std::uint32_t where) const;
  /// The server there accepted a connection, and said so of the session (Session Present).
  void accepted(std::uint32_t where, bool present);
  /// The server there holds a session of which nothing is known here.
  void leave(std::uint32_t where);

  /// What is known, to be remembered: at first whose session this side's state belongs to. Nothing if there is none.
  std::span<const std::uint32_t> known() const { return memory_.first(size_); }
  /// Takes back what `known` said; the newest of it if it is too much.
  void restore(std::span<const std::uint32_t> known);

 private:
  std::span<std::uint32_t> left() const { return memory_.subspan(1, size_ == 0 ? 0 : size_ - 1); }
  void forget(std::uint32_t where);

  std::span<std::uint32_t> memory_;  // whose session this side's state is of, 0: nobody's; then who was left, in order
  std::size_t size_ = 0;
};

}  // namespace recado::chain
