// The OpenSSL back end: what many connections share.
#pragma once

#include <array>
#include <expected>
#include <memory>

#include <recado/core/fixed_vector.hpp>
#include <recado/tls/error.hpp>
#include <recado/tls/options.hpp>

struct ssl_ctx_st;

namespace recado::tls::openssl {

class session_memory;

/// Trust, credentials and choices, loaded once and used by any number of filters of one thread.
class context {
 public:
  context();
  ~context();
  context(const context&) = delete;
  context& operator=(const context&) = delete;

  /// Reads and checks everything that `options` names; the first thing wrong is returned and leaves the
  /// context as it was. May allocate. Connections that are open keep what they began with.
  std::expected<void, error> load(const client_options& options);
  /// True after `load` has succeeded.
  bool loaded() const { return shared_ != nullptr; }

 private:
  friend class filter;
  friend class connection;
  struct free_context {
    void operator()(ssl_ctx_st* shared) const;
  };
  struct secret_key {
    std::array<std::byte, psk_bytes_max> data{};
    std::size_t size = 0;
    ~secret_key() { wipe(data); }
  };
  void remember(const client_options& options);

  std::unique_ptr<ssl_ctx_st, free_context> shared_;
  client_options options_;  // without the borrowed texts and bytes
  bool has_certificate_ = false;
  bool anyone_trusted_ = false;  // a CA was given, as opposed to a pre-shared key alone
  fixed_string<psk_identity_bytes_max> psk_identity_;
  secret_key psk_;
  std::array<std::byte, 32> policy_{};  // digest of what a session's verification was based on
  std::unique_ptr<session_memory> last_session_;
};

}  // namespace recado::tls::openssl
