#include "kept_tls_session.hpp"

#include <algorithm>
#include <array>

#include <recado/store/crc32c.hpp>
#include <recado/wire/cursor.hpp>

namespace recado::firmware {
namespace {

constexpr std::uint32_t mark = 0x544c5331;  // "TLS1"
constexpr std::size_t header_bytes = 16;
constexpr int polls_max = 10'000;

/// Stands before the session's bytes.
struct header {
  std::uint32_t mark = 0, size = 0, host = 0, check = 0;  // host: CRC-32C of its name
};

header parse(bytes from) {
  wire::reader in{from};
  header result;
  result.mark = in.u32(), result.size = in.u32(), result.host = in.u32(), result.check = in.u32();
  return result;
}

}  // namespace

// A page at a time, as the chip takes them.
bool kept_tls_session::write(std::uint32_t at, bytes what) {
  while (!what.empty()) {
    const std::uint32_t page = chip_->page_bytes();
    const bytes part = what.first(std::min<std::size_t>(what.size(), page - at % page));
    if (!chip_->write(at, part)) return false;
    for (int i = 0; i < polls_max && chip_->busy(); ++i) {
    }
    at += static_cast<std::uint32_t>(part.size()), what = what.subspan(part.size());
  }
  return true;
}

// The header comes last: power lost before leaves one that is none.
void kept_tls_session::keep(std::string_view host, bytes session) {
  forget(host);
  if (session.size() > room_.size() || header_bytes + session.size() > chip_->size()) return;
  std::array<std::byte, header_bytes> memory;
  wire::writer out{memory};
  out.u32(mark), out.u32(static_cast<std::uint32_t>(session.size()));
  out.u32(store::crc32c(as_bytes(host))), out.u32(store::crc32c(session));
  if (write(header_bytes, session)) (void)write(0, memory);
}

bytes kept_tls_session::find(std::string_view host) {
  std::array<std::byte, header_bytes> memory;
  if (!chip_->read(0, memory)) return {};
  const header kept = parse(memory);
  if (kept.mark != mark || kept.size > room_.size() || kept.host != store::crc32c(as_bytes(host))) return {};
  const mutable_bytes session = room_.first(kept.size);
  if (!chip_->read(header_bytes, session) || store::crc32c(session) != kept.check) return {};
  return session;
}

void kept_tls_session::forget(std::string_view) {
  std::array<std::byte, 64> nothing;
  nothing.fill(std::byte{0xff});
  std::array<std::byte, header_bytes> memory;
  if (!chip_->read(0, memory) || parse(memory).mark != mark) return;
  for (std::uint32_t at = 0; at < header_bytes + parse(memory).size && at + nothing.size() <= chip_->size();
       at += static_cast<std::uint32_t>(nothing.size()))
    if (!write(at, nothing)) return;
}

}  // namespace recado::firmware
