#include "secure_channel.hpp"

namespace recado::firmware {
namespace {

constexpr std::uint32_t debug_level_of_keys = 3;

tls::client_options options_of(const image_configuration& image) {
  tls::client_options options;
  options.ca = tls::source::memory(image.ca);
  options.crl = tls::source::memory(image.crl);
  if (image.chosen.tls.client_authentication) {
    options.certificate = tls::source::memory(image.certificate);
    options.key = tls::source::memory(image.key);
  }
  options.report_chain = image.chosen.tls.debug_level >= 1;
  return options;
}

}  // namespace

std::expected<void, fault> secure_channel::open(const image_configuration& image, entropy& random,
                                                const wall_clock& clock, store::eeprom* chip,
                                                device::console& console) {
  if (const auto ready = tls::mbedtls::global_setup(random, pool_); !ready)
    return std::unexpected{make_fault(ready.error())};
  tls::client_options options = options_of(image);
  options.clock = &clock;
  if (chip != nullptr) sessions_.open(*chip), options.sessions = &sessions_;
  keys_.console = &console;
  if (image.chosen.tls.debug_level >= debug_level_of_keys) options.keys = &keys_;
  if (const auto loaded = context_.load(options); !loaded) return std::unexpected{make_fault(loaded.error())};
  return {};
}

}  // namespace recado::firmware
