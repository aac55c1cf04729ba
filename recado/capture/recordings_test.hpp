// What the tests of decoding share: bytes by their digits, a file of libpcap, and what the decoder made of an input.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <recado/capture/decoder.hpp>
#include <recado/capture/hex_text.hpp>
#include <recado/capture/recording.hpp>
#include <recado/capture/string_sink.hpp>

namespace recado::capture {

inline std::string hex(std::string_view text) { return read_hex(text).value(); }

inline std::string little(std::uint64_t value, int octets) {
  std::string text;
  for (int i = 0; i < octets; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}

/// As libpcap writes it, each packet a second and 2 µs after 1970 began.
inline std::string pcap(const std::vector<std::string>& frames, std::uint32_t link_type = 1) {
  std::string file =
      "\xd4\xc3\xb2\xa1" + little(2, 2) + little(4, 2) + std::string(8, '\0') + little(65535, 4) + little(link_type, 4);
  for (const std::string& frame : frames)
    file += little(1, 4) + little(2, 4) + little(frame.size(), 4) + little(frame.size(), 4) + frame;
  return file;
}

struct result {
  std::string text;
  std::size_t packets = 0, malformed = 0;
  bool recording_broken = false;
  std::string remedy_of_nothing;
};

inline result decoded(std::string_view data, const decode_settings& how = {}) {
  result all;
  string_sink sink{all.text};
  decoder one{sink, how};
  if (recording::recognises(as_bytes(data))) one.decode_recording(as_bytes(data));
  else one.decode(as_bytes(data));
  all.packets = one.packets(), all.malformed = one.malformed(), all.recording_broken = one.recording_broken();
  all.remedy_of_nothing = one.remedy_of_nothing();
  return all;
}

}  // namespace recado::capture
