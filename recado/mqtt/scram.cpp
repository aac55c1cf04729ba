#include <recado/mqtt/scram.hpp>

#include <algorithm>

#include <recado/core/base64.hpp>

namespace recado::mqtt {
namespace {

// "n": no channel binding, and no name but the user's own (RFC 5802 §7). In base64 it comes again as "biws".
constexpr std::string_view gs2_header = "n,,";
constexpr std::size_t nonce_bytes = 15;  // 120 unpredictable bits: 20 letters without padding
constexpr std::size_t salt_bytes_max = 64;

// Text that SASLprep (RFC 4013) leaves as it is: printable ASCII.
bool is_prepared(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

// A nonce is printable, without commas (RFC 5802 §7).
bool is_nonce(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~' && c != ','; });
}

// Takes "<name>=<value>" and the comma behind it off the front; false if it isn't there.
bool take_attribute(std::string_view& message, char name, std::string_view& value) {
  if (message.size() < 2 || message[0] != name || message[1] != '=') return false;
  const std::size_t end = std::min(message.find(','), message.size());
  value = message.substr(2, end - 2);
  message.remove_prefix(std::min(end + 1, message.size()));
  return true;
}

// posit-number of RFC 5802 §7: no sign, no leading 0. 0 if it isn't one, or beyond 32 bits.
std::uint32_t number_in(std::string_view text) {
  if (text.empty() || text.size() > 9 || text[0] == '0') return 0;
  std::uint32_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return 0;
    value = value * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return value;
}

}  // namespace

bool scram_sha_256::append(std::string_view text) {
  if (options_.memory.size() - used_ < text.size()) return false;
  copy(as_bytes(text), options_.memory.subspan(used_));
  used_ += text.size();
  return true;
}

bool scram_sha_256::append_base64(bytes data) {
  if (options_.memory.size() - used_ < base64_size(data.size())) return false;
  used_ += base64_encode(data, options_.memory.subspan(used_));
  return true;
}

// saslname: '=' and ',' mean something else (RFC 5802 §5.1).
bool scram_sha_256::append_name() {
  return std::ranges::all_of(options_.user_name, [this](const char& c) {
    return append(c == ',' ? "=2C" : c == '=' ? "=3D" : std::string_view{&c, 1});
  });
}

void scram_sha_256::forget() {
  wipe(options_.memory.first(used_));
  wipe(server_signature_);
  used_ = 0;
  state_ = state::idle;
}

std::expected<bytes, error> scram_sha_256::begin() {
  forget();
  if (!is_prepared(options_.user_name) || !is_prepared(options_.password))
    return std::unexpected{error::needs_saslprep};
  std::array<std::byte, nonce_bytes> nonce;
  random_.fill(nonce);
  bool fits = append(gs2_header) && append("n=") && append_name() && append(",r=");
  nonce_at_ = used_;
  fits = fits && append_base64(nonce);
  if (!fits) return std::unexpected{error::no_room};
  first_ = used_;
  state_ = state::first_sent;
  return options_.memory.first(first_);
}

// What comes behind the iterations is for extensions, which may be ignored; what comes first as "m=" may not be, and
// so isn't understood here (RFC 5802 §5.1). The nonce must be ours with something of the server's behind it.
error scram_sha_256::parse(std::string_view message, server_first& out) const {
  std::string_view count;
  const bool formed = take_attribute(message, 'r', out.nonce) && take_attribute(message, 's', out.salt) &&
                      take_attribute(message, 'i', count);
  const std::string_view own = as_text(options_.memory).substr(nonce_at_, first_ - nonce_at_);
  if (!formed || !is_nonce(out.nonce) || !out.nonce.starts_with(own) || out.nonce.size() == own.size())
    return error::bad_challenge;
  out.iterations = number_in(count);
  if (out.iterations == 0) return error::bad_challenge;
  return out.iterations < scram_iterations_min || out.iterations > options_.iterations_max
             ? error::iterations_out_of_bounds
             : error::none;
}

error scram_sha_256::salted_password(const server_first& challenge, sha256_digest& out) {
  std::array<std::byte, salt_bytes_max> salt;
  const auto size = base64_decode(challenge.salt, salt);
  if (!size || *size == 0) return error::bad_challenge;
  return hashes_.pbkdf2(as_bytes(options_.password), bytes{salt}.first(*size), challenge.iterations, out)
             ? error::none
             : error::cryptography_failed;
}

// RFC 5802 §3. The server's signature is computed along with our proof, so that no key has to be kept.
error scram_sha_256::prove(const server_first& challenge, std::string_view server_message,
                           std::string_view without_proof, sha256_digest& proof) {
  const bytes client_first_bare = bytes{options_.memory}.first(first_).subspan(gs2_header.size());
  const bytes comma = as_bytes(",");
  const bytes authentication[] = {client_first_bare, comma, as_bytes(server_message), comma, as_bytes(without_proof)};
  const bytes client_text[] = {as_bytes("Client Key")}, server_text[] = {as_bytes("Server Key")};
  struct keys {
    sha256_digest salted, client, stored, server, signature;
    ~keys() { wipe(salted), wipe(client), wipe(stored), wipe(server), wipe(signature); }
  } key;
  if (const error wrong = salted_password(challenge, key.salted); wrong != error::none) return wrong;
  const bool done = hashes_.hmac(key.salted, client_text, key.client) && hashes_.hash(key.client, key.stored) &&
                    hashes_.hmac(key.stored, authentication, key.signature) &&
                    hashes_.hmac(key.salted, server_text, key.server) &&
                    hashes_.hmac(key.server, authentication, server_signature_);
  if (!done) return error::cryptography_failed;
  for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = key.client[i] ^ key.signature[i];
  return error::none;
}

std::expected<bytes, error> scram_sha_256::answer(bytes challenge) {
  if (state_ != state::first_sent) return std::unexpected{error::bad_challenge};
  const std::string_view message = as_text(challenge);
  server_first asked;
  if (const error wrong = parse(message, asked); wrong != error::none) return std::unexpected{wrong};
  const std::size_t begin = used_;
  if (!append("c=biws,r=") || !append(asked.nonce)) return std::unexpected{error::no_room};
  sha256_digest proof;
  if (const error wrong = prove(asked, message, text_from(begin), proof); wrong != error::none)
    return std::unexpected{wrong};
  const bool fits = append(",p=") && append_base64(proof);
  if (!fits) return std::unexpected{error::no_room};
  state_ = state::final_sent;
  return as_bytes(text_from(begin));
}

error scram_sha_256::finish(bytes data) {
  std::string_view message = as_text(data), value;
  sha256_digest theirs;
  error result = error::bad_challenge;
  if (state_ == state::final_sent && take_attribute(message, 'e', value)) result = error::refused_by_method;
  else if (state_ == state::final_sent && take_attribute(message, 'v', value) &&
           base64_decode(value, theirs) == theirs.size())
    result = equal_in_constant_time(theirs, server_signature_) ? error::none : error::wrong_server_signature;
  forget();
  return result;
}

}  // namespace recado::mqtt
