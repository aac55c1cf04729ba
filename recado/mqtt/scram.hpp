// SCRAM-SHA-256 (RFC 5802, RFC 7677): proves to the server that the client knows the password, and to the client that
// the server does too, without showing it to anybody.
#pragma once

#include <cstdint>
#include <string_view>

#include <recado/core/entropy.hpp>
#include <recado/core/sha256.hpp>
#include <recado/mqtt/authenticator.hpp>

namespace recado::mqtt {

/// The fewest iterations of the password's hash that a server may ask for (RFC 7677 §4).
inline constexpr std::uint32_t scram_iterations_min = 4096;
/// The memory that suits names of up to 64 bytes and salts of up to 64; see `scram_options::memory`.
inline constexpr std::size_t scram_memory_bytes = 512;

/// Everything is borrowed for as long as the method lives.
struct scram_options {
  /// 1 byte or more of printable ASCII (U+0020 to U+007E), for which SASLprep (RFC 4013) changes nothing. Others are
  /// refused with `error::needs_saslprep` rather than sent as something that the server reads differently.
  std::string_view user_name{};
  std::string_view password{};  ///< likewise
  /// The most iterations that the server may ask for: each costs two hashes, so this bounds how long `receive` takes.
  std::uint32_t iterations_max = 100'000;
  /// For the messages of an exchange, which stand here one behind the other; wiped when it ends.
  mutable_bytes memory{};
};

/// The method as it plugs into a session: `connect_options::authenticator`. One for each session. No channel binding
/// ("n,,"): TLS below is expected to verify the server by its certificate.
class scram_sha_256 final : public authenticator {
 public:
  /// Borrows all three for its life.
  scram_sha_256(const scram_options& options, sha256_functions& hashes, entropy& random)
      : options_(options), hashes_(hashes), random_(random) {}
  ~scram_sha_256() { forget(); }
  scram_sha_256(const scram_sha_256&) = delete;
  scram_sha_256& operator=(const scram_sha_256&) = delete;

  std::string_view method() const override { return "SCRAM-SHA-256"; }  ///< "SCRAM-SHA-256"
  /// client-first-message. Errors: `needs_saslprep`, `no_room`.
  std::expected<bytes, error> begin() override;
  /// server-first-message to client-final-message. Errors: `bad_challenge`, `iterations_out_of_bounds`, `no_room`,
  /// `cryptography_failed`.
  std::expected<bytes, error> answer(bytes challenge) override;
  /// server-final-message. Errors: `bad_challenge`, `wrong_server_signature`, `refused_by_method`.
  error finish(bytes data) override;

 private:
  enum class state : std::uint8_t { idle, first_sent, final_sent };
  struct server_first {
    std::string_view nonce, salt;
    std::uint32_t iterations = 0;
  };

  bool append(std::string_view text);
  bool append_base64(bytes data);
  bool append_name();
  error parse(std::string_view message, server_first& out) const;
  error salted_password(const server_first& challenge, sha256_digest& out);
  error prove(const server_first& challenge, std::string_view server_message, std::string_view without_proof,
              sha256_digest& proof);
  std::string_view text_from(std::size_t begin) const { return as_text(options_.memory).substr(begin, used_ - begin); }
  void forget();

  scram_options options_;
  sha256_functions& hashes_;
  entropy& random_;
  state state_ = state::idle;
  std::size_t used_ = 0;      // of the memory
  std::size_t first_ = 0;     // of it, the client-first-message
  std::size_t nonce_at_ = 0;  // where its nonce begins
  sha256_digest server_signature_{};
};

}  // namespace recado::mqtt
