// What an image is made for. The generated source of each image defines `configuration()`; the boards read it.
#pragma once

#include <cstdint>
#include <span>

#include <recado/core/bytes.hpp>
#include <recado/device/configuration.hpp>

namespace recado::firmware {

/// What is compiled into an image. The views point into the image's read-only data and live as long as it.
struct image_configuration {
  device::complete_configuration chosen;  ///< the device.toml
  bytes ca,                               ///< tls.ca as DER, several certificates behind one another; empty: not given
      certificate,                        ///< tls.certificate likewise
      key,                                ///< tls.key as DER, not encrypted
      crl;                                ///< tls.crl likewise
  /// Message sizes of the test mode, one after the other, in bytes; empty: that of `chosen.test`.
  std::span<const std::uint32_t> test_sizes{};
  bool test_mode = false;  ///< enter the test mode as if the button were held at the start
};

/// The image's own; the generated source defines it.
const image_configuration& configuration();

}  // namespace recado::firmware
