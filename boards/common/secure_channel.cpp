#include "secure_channel.hpp"

#include <recado/core/text.hpp>
#include <recado/tls/mbedtls/opaque_key.hpp>

namespace recado::firmware {
namespace {

constexpr std::uint32_t debug_level_of_keys = 3;
#if defined(RECADO_OPAQUE_KEY)
constexpr bool key_is_opaque = true;
#else
constexpr bool key_is_opaque = false;
#endif

tls::client_options options_of(const image_configuration& image) {
  tls::client_options options;
  const auto& chosen = image.chosen.tls;
  if (!chosen.psk.empty()) options.psk = {chosen.psk_identity, as_bytes(chosen.psk)};
  options.ca = tls::source::constant(image.ca);
  options.crl = tls::source::constant(image.crl);
  if (chosen.client_authentication) {
    options.certificate = tls::source::constant(image.certificate);
    if (!key_is_opaque) options.key = tls::source::constant(image.key);
  }
  options.report_chain = has_causes && chosen.debug_level >= 1;  // without, nothing would be shown of it
  return options;
}

/// From here on PSA alone has the key.
std::expected<std::uint32_t, tls::error> keep_in_psa(bytes key, device::console& console) {
  const auto kept = tls::mbedtls::import_opaque_key(tls::source::memory(key));
  if (!kept) return kept;
  char text[80];
  buffer_sink line{text};
  line << "the private key is PSA's, for signing alone: key 0x", line.hex(*kept, 8);
  console.line(device::console_level::info, line);
  return kept;
}

}  // namespace

std::expected<void, fault> secure_channel::open(const image_configuration& image, entropy& random,
                                                const wall_clock& clock, store::eeprom* chip,
                                                device::console& console) {
  if (const auto ready = tls::mbedtls::global_setup(random, pool_); !ready)
    return std::unexpected{make_fault(ready.error())};
  tls::client_options options = options_of(image);
  if (key_is_opaque && options.certificate.given()) {
    const auto kept = keep_in_psa(image.key, console);
    if (!kept) return std::unexpected{make_fault(kept.error())};
    options.opaque_key = *kept;
  }
  options.clock = &clock;
  if (chip != nullptr) sessions_.open(*chip), options.sessions = &sessions_;
  keys_.console = &console;
  if (image.chosen.tls.debug_level >= debug_level_of_keys) options.keys = &keys_;
  if (const auto loaded = context_.load(options); !loaded) return std::unexpected{make_fault(loaded.error())};
  return {};
}

}  // namespace recado::firmware
