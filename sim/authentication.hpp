// The simulated method of enhanced authentication (5.0 §4.12): each side shows that it heard the other's last word.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <string_view>

#include <recado/core/bytes.hpp>
#include <recado/mqtt/authenticator.hpp>

namespace recado::sim {

inline constexpr std::string_view sim_method = "SIMULATED";
inline constexpr std::size_t word_bytes = 8;
using auth_word = std::array<std::byte, word_bytes>;

/// What follows from what was heard; `salt` tells a response from a proof.
constexpr auth_word follows_from(bytes heard, std::uint8_t salt) {
  auth_word made{};
  std::uint64_t value = 14'695'981'039'346'656'037U ^ salt;
  for (const std::byte one : heard) value = (value ^ std::to_integer<std::uint64_t>(one)) * 1'099'511'628'211U;
  for (std::byte& one : made) one = static_cast<std::byte>(value), value >>= 8;
  return made;
}
/// The client's answer to a challenge.
constexpr auth_word response_to(bytes challenge) { return follows_from(challenge, 1); }
/// What the server says at the end of an exchange whose last word of the client was that.
constexpr auth_word proof_of(bytes said) { return follows_from(said, 2); }

/// The client's side.
class sim_authenticator final : public mqtt::authenticator {
 public:
  std::string_view method() const override { return sim_method; }
  std::expected<bytes, mqtt::error> begin() override {
    last_ = {};
    last_[0] = static_cast<std::byte>(++exchanges_);
    proven_ = false;
    return last_;
  }
  std::expected<bytes, mqtt::error> answer(bytes challenge) override { return last_ = response_to(challenge); }
  mqtt::error finish(bytes data) override {
    proven_ = equal(data, proof_of(last_));
    return proven_ ? mqtt::error::none : mqtt::error::bad_challenge;
  }
  /// The server has proven that it knows the last exchange.
  bool proven() const { return proven_; }

 private:
  auth_word last_{};
  std::uint8_t exchanges_ = 0;
  bool proven_ = false;
};

}  // namespace recado::sim
