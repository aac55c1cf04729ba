#include <psa/crypto.h>

#include <recado/tls/mbedtls/session.hpp>

namespace recado::tls::mbedtls {
namespace {

constexpr std::string_view mark{"recado session 2"};
constexpr std::size_t digest_bytes = 32, length_bytes = 2;
constexpr std::size_t header_bytes = mark.size() + 2 * digest_bytes + length_bytes;

bool digest(bytes of, mutable_bytes to) {
  std::size_t length = 0;
  return psa_hash_compute(PSA_ALG_SHA_256, reinterpret_cast<const unsigned char*>(of.data()), of.size(),
                          reinterpret_cast<unsigned char*>(to.data()), to.size(), &length) == PSA_SUCCESS;
}

unsigned char* octets(mutable_bytes from) { return reinterpret_cast<unsigned char*>(from.data()); }

}  // namespace

// Resuming skips the certificates (RFC 8446 §2.2), so a session may only be resumed by who would have verified its
// server in the same way: the policy's digest stands before it. Mbed TLS believes what it wrote, so that a digest
// over all the rest stands before that: what was damaged in the store isn't given to it.
void keep_session(const mbedtls_ssl_session& session, bytes leaf, const policy_digest& policy, std::string_view host,
                  session_store& store) {
  std::size_t length = 0;
  if (mbedtls_ssl_session_save(&session, nullptr, 0, &length) != MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL) return;
  if (leaf.size() > UINT16_MAX) return;
  const std::size_t size = header_bytes + leaf.size() + length;
  auto* memory = static_cast<std::byte*>(recado_tls_allocate(1, size));
  if (!memory) return;
  const mutable_bytes all{memory, size};
  const mutable_bytes rest = all.subspan(mark.size() + digest_bytes);
  copy(as_bytes(mark), all);
  copy(policy, rest);
  rest[digest_bytes] = static_cast<std::byte>(leaf.size() >> 8);
  rest[digest_bytes + 1] = static_cast<std::byte>(leaf.size());
  copy(leaf, rest.subspan(digest_bytes + length_bytes));
  const mutable_bytes content = all.subspan(header_bytes + leaf.size());
  const bool saved = mbedtls_ssl_session_save(&session, octets(content), content.size(), &length) == 0;
  if (saved && digest(rest, all.subspan(mark.size(), digest_bytes))) store.keep(host, all);
  wipe(all);
  recado_tls_release(memory);
}

kept_session parse_session(bytes kept, const policy_digest& policy) {
  if (kept.size() <= header_bytes || !equal(kept.first(mark.size()), as_bytes(mark))) return {};
  policy_digest found{};
  const bytes rest = kept.subspan(mark.size() + digest_bytes);
  if (!digest(rest, found) || !equal(kept.subspan(mark.size(), digest_bytes), found)) return {};
  if (!equal(rest.first(digest_bytes), policy)) return {};
  const std::size_t leaf =
      std::to_integer<std::size_t>(rest[digest_bytes]) << 8 | std::to_integer<std::size_t>(rest[digest_bytes + 1]);
  const bytes after = rest.subspan(digest_bytes + length_bytes);
  if (leaf >= after.size()) return {};
  return {after.first(leaf), after.subspan(leaf)};
}

}  // namespace recado::tls::mbedtls
