// The last TLS session on an EEPROM, so that a board resumes it after a reset.
#pragma once

#include <recado/core/bytes.hpp>
#include <recado/store/eeprom_storage.hpp>
#include <recado/tls/options.hpp>

namespace recado::firmware {

/// One session, with the host that it is for and a CRC-32C. What is kept can resume the session (it is as secret as the
/// connection's keys), so who can read the chip can; a ticket is used once and forgotten.
class kept_tls_session final : public tls::session_store {
 public:
  /// `room` is where `find` puts what it finds, when a connection begins and nothing else is there yet; what has no
  /// room isn't kept.
  explicit kept_tls_session(mutable_bytes room) : room_(room) {}
  /// Before anything else.
  void open(store::eeprom& chip) { chip_ = &chip; }
  void keep(std::string_view host, bytes session) override;
  bytes find(std::string_view host) override;
  void forget(std::string_view host) override;

 private:
  bool write(std::uint32_t at, bytes what);

  mutable_bytes room_;
  store::eeprom* chip_ = nullptr;
};

}  // namespace recado::firmware
