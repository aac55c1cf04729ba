// TLS by the library that the user names.
#pragma once

#include <expected>
#include <optional>
#include <string_view>

#include <recado/tls/openssl/filter.hpp>
#if defined(RECADO_HAS_MBEDTLS)
#include <recado/tls/mbedtls/filter.hpp>
#endif

namespace recado::app {

/// The libraries that TLS can be done by.
enum class tls_backend : std::uint8_t { openssl, mbedtls };

/// "openssl" or "mbedtls"; nothing for another word, or if this program was built without it.
std::optional<tls_backend> tls_backend_of(std::string_view name);
/// Why a word is none, with the remedy, in one line.
std::string_view tls_backend_trouble(std::string_view name);

/// A context of either library. With Mbed TLS for one thread of the program.
class tls_either_context {
 public:
  explicit tls_either_context(tls_backend by = tls_backend::openssl) { choose(by); }

  /// Begins anew with this library; only while no filter uses the context.
  void choose(tls_backend by);
  /// As that of the library.
  std::expected<void, tls::error> load(const tls::client_options& options);
  /// OpenSSL's; only if that was chosen.
  tls::openssl::context& openssl() { return *openssl_; }

 private:
  friend class tls_either_filter;
  std::optional<tls::openssl::context> openssl_;
#if defined(RECADO_HAS_MBEDTLS)
  std::optional<tls::mbedtls::context> mbedtls_;
#endif
};

/// The filter that belongs to it, with the verbs of a filter (recado/wire/machine.hpp).
class tls_either_filter {
 public:
  using event = tls::event;
  using memory = tls::openssl::filter::memory;

  tls_either_filter(tls_either_context& shared, const memory& given);

  std::expected<void, tls::error> set_peer(std::string_view host);
  void opened(instant now);
  void lost(fault why, instant now);
  std::optional<event> receive(bytes& in, instant now);
  bytes pending(instant now);
  void sent(std::size_t n);
  instant deadline() const;
  bool ready() const;
  bytes plaintext() const;
  void consumed(std::size_t n);
  std::size_t write(bytes out, instant now);
  void close(instant now);

 private:
  template <class Self, class Verb>
  static auto with(Self& self, Verb verb);

  std::optional<tls::openssl::filter> openssl_;
#if defined(RECADO_HAS_MBEDTLS)
  std::optional<tls::mbedtls::filter> mbedtls_;
#endif
};
static_assert(stream_filter<tls_either_filter>);

}  // namespace recado::app
