#include <openssl/err.h>

#include <utility>

#include <recado/tls/openssl/session.hpp>

namespace recado::tls::openssl {
namespace {

constexpr std::string_view mark{"recado session 1"};

}  // namespace

void session_memory::forget() {
  wipe(kept_);
  kept_.clear();
  object_.reset();
}

// A copy: when a connection is cut off, OpenSSL declares its own object useless.
void session_memory::remember(std::vector<std::byte> kept, const SSL_SESSION* session) {
  forget();
  kept_ = std::move(kept);
  object_.reset(SSL_SESSION_dup(session));
}

session_handle session_memory::find(bytes kept) {
  if (!object_ || !equal(kept, kept_) || SSL_SESSION_is_resumable(object_.get()) != 1) return nullptr;
  if (SSL_SESSION_get_protocol_version(object_.get()) == TLS1_3_VERSION) {
    session_handle only = std::move(object_);
    forget();
    return only;
  }
  SSL_SESSION_up_ref(object_.get());
  return session_handle{object_.get()};
}

// Resuming skips the certificates (RFC 8446 §2.2), so a session may only be resumed by who would have
// verified its server in the same way: the policy's digest stands before it.
void keep_session(SSL_SESSION* session, const policy_digest& policy, std::string_view host, session_store& store,
                  session_memory& last) {
  const int length = i2d_SSL_SESSION(session, nullptr);
  if (length <= 0) return;
  std::vector<std::byte> kept(mark.size() + policy.size() + static_cast<std::size_t>(length));
  const mutable_bytes all{kept};
  copy(as_bytes(mark), all);
  copy(policy, all.subspan(mark.size()));
  auto* at = reinterpret_cast<unsigned char*>(all.subspan(mark.size() + policy.size()).data());
  if (i2d_SSL_SESSION(session, &at) == length) store.keep(host, kept);
  last.remember(std::move(kept), session);
}

session_handle parse_session(bytes kept, const policy_digest& policy, session_memory& last) {
  if (kept.size() <= mark.size() + policy.size() || !equal(kept.first(mark.size()), as_bytes(mark))) return nullptr;
  if (!equal(kept.subspan(mark.size(), policy.size()), policy)) return nullptr;
  if (session_handle known = last.find(kept)) return known;
  kept = kept.subspan(mark.size() + policy.size());
  const auto* at = reinterpret_cast<const unsigned char*>(kept.data());
  const auto* end = at + kept.size();
  session_handle session{d2i_SSL_SESSION(nullptr, &at, static_cast<long>(kept.size()))};
  ERR_clear_error();
  if (!session || at != end || SSL_SESSION_is_resumable(session.get()) != 1) return nullptr;
  return session;
}

}  // namespace recado::tls::openssl
