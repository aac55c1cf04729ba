// TLS on a board: Mbed TLS in a pool of its own, with what is compiled into the image.
#pragma once

#include <array>
#include <expected>

#include <recado/core/entropy.hpp>
#include <recado/device/board.hpp>
#include <recado/device/secure.hpp>
#include <recado/tls/mbedtls/filter.hpp>
#include <recado/tls/mbedtls/hooks.hpp>

#include "firmware_configuration.hpp"
#include "kept_tls_session.hpp"

namespace recado::firmware {

/// The one TLS connection of the firmware.
class secure_channel {
 public:
  secure_channel()
      : sessions_(buffers_),
        filter_(context_,
                {mutable_bytes{buffers_}.first(outgoing_bytes), mutable_bytes{buffers_}.last(plaintext_bytes)}),
        cipher_(filter_) {}

  /// Loads what the image has of certificates and keys. The TLS session is kept on
  /// `chip`, which may be null; with `tls.debug_level` 3 or more the
  /// secrets of each connection are said on the console.
  std::expected<void, fault> open(const image_configuration& image, entropy& random, const wall_clock& clock,
                                  store::eeprom* chip, device::console& console);
  /// For the application.
  device::secure& cipher() { return cipher_; }

 private:
  /// Secrets as lines of the console.
  class console_keys final : public tls::key_log {
   public:
    void line(std::string_view text) override { console->line(device::console_level::info, text); }
    device::console* console = nullptr;
  };
#if defined(RECADO_BOARD_ON_PC)
  static constexpr std::size_t pool_bytes = 128 * 1024;  // there records have 16 KiB and pointers 8 bytes
#elif defined(RECADO_TINY)
  static constexpr std::size_t pool_bytes = 11 * 1024 + 512;
#else
  static constexpr std::size_t pool_bytes = 22 * 1024 + 512;
#endif
  static constexpr std::size_t outgoing_bytes = 1280, plaintext_bytes = 1280;

  alignas(8) std::array<std::byte, pool_bytes> pool_;
  /// Outgoing and plaintext, and before either is there a kept session: one whose ticket holds the board's certificate
  /// would find no room in one of them.
  std::array<std::byte, outgoing_bytes + plaintext_bytes> buffers_{};
  kept_tls_session sessions_;
  console_keys keys_;
  tls::mbedtls::context context_;
  tls::mbedtls::filter filter_;
  device::secure_by<tls::mbedtls::filter> cipher_;
};

}  // namespace recado::firmware
