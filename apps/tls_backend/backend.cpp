#include <array>

#include <apps/tls_backend/backend.hpp>
#include <recado/drive/posix/entropy.hpp>
#if defined(RECADO_HAS_MBEDTLS)
#include <recado/tls/mbedtls/hooks.hpp>
#endif

namespace recado::app {
namespace {

#if defined(RECADO_HAS_MBEDTLS)
// Room for all that the operating system trusts; what isn't touched costs nothing.
constexpr std::size_t pool_bytes = 8 * 1024 * 1024;

void set_up_mbedtls() {
  static posix::system_entropy random;
  alignas(16) static std::array<std::byte, pool_bytes> pool;
  // Without memory, the context says so when it is loaded.
  static const auto done = tls::mbedtls::global_setup(random, pool);
  (void)done;
}
#endif

}  // namespace

std::optional<tls_backend> tls_backend_of(std::string_view name) {
  if (name == "openssl") return tls_backend::openssl;
#if defined(RECADO_HAS_MBEDTLS)
  if (name == "mbedtls") return tls_backend::mbedtls;
#endif
  return std::nullopt;
}

std::string_view tls_backend_trouble(std::string_view name) {
  if (name == "mbedtls") {
    return "this program was built without Mbed TLS; run tools/sources and build it with -DRECADO_MBEDTLS=ON";
  }
  return "there is no such TLS back end; give openssl or mbedtls";
}

void tls_either_context::choose([[maybe_unused]] tls_backend by) {
  openssl_.reset();
#if defined(RECADO_HAS_MBEDTLS)
  mbedtls_.reset();
  if (by == tls_backend::mbedtls) {
    set_up_mbedtls();
    mbedtls_.emplace();
    return;
  }
#endif
  openssl_.emplace();
}

std::expected<void, tls::error> tls_either_context::load(const tls::client_options& options) {
#if defined(RECADO_HAS_MBEDTLS)
  if (mbedtls_) return mbedtls_->load(options);
#endif
  return openssl_->load(options);
}

tls_either_filter::tls_either_filter(tls_either_context& shared, const memory& given) {
#if defined(RECADO_HAS_MBEDTLS)
  if (shared.mbedtls_) {
    mbedtls_.emplace(*shared.mbedtls_, tls::mbedtls::filter::memory{given.outgoing, given.plaintext});
    return;
  }
#endif
  openssl_.emplace(*shared.openssl_, given);
}

template <class Self, class Verb>
auto tls_either_filter::with(Self& self, Verb verb) {
#if defined(RECADO_HAS_MBEDTLS)
  if (self.mbedtls_) return verb(*self.mbedtls_);
#endif
  return verb(*self.openssl_);
}

std::expected<void, tls::error> tls_either_filter::set_peer(std::string_view host) {
  return with(*this, [&](auto& it) { return it.set_peer(host); });
}
void tls_either_filter::opened(instant now) {
  with(*this, [&](auto& it) { it.opened(now); });
}
void tls_either_filter::lost(fault why, instant now) {
  with(*this, [&](auto& it) { it.lost(why, now); });
}
std::optional<tls::event> tls_either_filter::receive(bytes& in, instant now) {
  return with(*this, [&](auto& it) { return it.receive(in, now); });
}
bytes tls_either_filter::pending(instant now) {
  return with(*this, [&](auto& it) { return it.pending(now); });
}
void tls_either_filter::sent(std::size_t n) {
  with(*this, [&](auto& it) { it.sent(n); });
}
instant tls_either_filter::deadline() const {
  return with(*this, [&](const auto& it) { return it.deadline(); });
}
bool tls_either_filter::ready() const {
  return with(*this, [&](const auto& it) { return it.ready(); });
}
bytes tls_either_filter::plaintext() const {
  return with(*this, [&](const auto& it) { return it.plaintext(); });
}
void tls_either_filter::consumed(std::size_t n) {
  with(*this, [&](auto& it) { it.consumed(n); });
}
std::size_t tls_either_filter::write(bytes out, instant now) {
  return with(*this, [&](auto& it) { return it.write(out, now); });
}
void tls_either_filter::close(instant now) {
  with(*this, [&](auto& it) { it.close(now); });
}

}  // namespace recado::app
