// The Mbed TLS back end: what many connections share.
#pragma once

#include <expected>

#include <recado/tls/error.hpp>
#include <recado/tls/options.hpp>

namespace recado::tls::mbedtls {

struct loaded_options;

/// Trust, credentials and choices, loaded once and used by any number of filters. What it holds lies in the pool that
/// `global_setup` was given.
class context {
 public:
  context() = default;
  ~context();
  context(const context&) = delete;
  context& operator=(const context&) = delete;

  /// Reads and checks everything that `options` names; the first thing wrong is returned and leaves the
  /// context as it was. Connections that are open keep what they began with.
  std::expected<void, error> load(const client_options& options);
  /// True after `load` has succeeded.
  bool loaded() const { return shared_ != nullptr; }

 private:
  friend class connection;
  loaded_options* shared_ = nullptr;  // in the pool, counted by its users
};

}  // namespace recado::tls::mbedtls
