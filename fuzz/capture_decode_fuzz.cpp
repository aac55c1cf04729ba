// What a stranger gives to "recado decode": text of digits, bytes and recordings.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include <recado/capture/decoder.hpp>
#include <recado/capture/hex_text.hpp>
#include <recado/capture/string_sink.hpp>

#include "target.hpp"

/// The first byte chooses the settings; the rest is the input.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace recado;
  if (size < 1) return 0;
  std::string input{reinterpret_cast<const char*>(data + 1), size - 1};
  if (capture::may_be_hex_text(input))
    if (auto read = capture::read_hex(input)) input = *std::move(read);
  if (input.size() > 65536) input.resize(65536);
  capture::decode_settings how;
  how.what = static_cast<capture::decode_settings::protocol>((data[0] & 7) % 5);
  how.json = (data[0] & 8) != 0;
  how.show_secrets = (data[0] & 16) != 0;
  std::string text;
  capture::string_sink out{text};
  capture::decoder decoder{out, how};
  if (capture::recording::recognises(as_bytes(input))) decoder.decode_recording(as_bytes(input));
  else decoder.decode(as_bytes(input));
  fuzz::require_no_control_characters(text);
  return 0;
}
