// What the connections of a tool share of TLS, from its options.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <apps/tls_backend/backend.hpp>
#include <recado/capture/key_log_file.hpp>
#include <recado/core/instant.hpp>
#include <recado/tls/options.hpp>

#include "settings.hpp"

namespace recado::app::tools {

/// What the options don't say.
struct tls_wishes {
  duration patience = tls::handshake_patience;  ///< for a handshake
  tls::key_log* keys = nullptr;                 ///< takes the secrets, unless the options name a file
  tls::session_store* sessions = nullptr;       ///< if given, sessions are resumed
  bool report_chain = false;                    ///< tell each certificate of the server
};

/// Trust, credentials and choices as the options say. It stays where it is.
class tls_context {
 public:
  /// Loads what the options name; throws `failure`.
  tls_context(const settings& how, const tls_wishes& more);
  tls_context(const tls_context&) = delete;
  tls_context& operator=(const tls_context&) = delete;

  /// For the filters.
  tls_either_context& shared() { return context_; }
  /// By which certificates are judged.
  const wall_clock& clock() const { return clock_; }
  /// The errno of the key log's first failed write, 0 if none did.
  int key_log_error() const { return key_file_ ? key_file_->error() : 0; }

 private:
  void take_psk(const settings& how);
  void open_key_log(const std::string& path);

  wall_clock clock_;
  std::optional<capture::key_log_file> key_file_;
  tls_either_context context_;
  std::vector<std::byte> psk_;
};

/// Throws what is wrong with the options as words.
[[noreturn]] void refuse_tls(tls::error why, const settings& how);

}  // namespace recado::app::tools
