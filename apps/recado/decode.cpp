// recado decode: bytes that somebody has, as hexadecimal text, raw or recorded, to readable packets.
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include <recado/capture/decoder.hpp>
#include <recado/capture/hex_text.hpp>
#include <recado/drive/posix/descriptor.hpp>

#include <fcntl.h>
#include <unistd.h>

#include "command.hpp"
#include "console.hpp"

namespace recado::app {
namespace {

using capture::decode_settings;

struct decode_options {
  std::string file = "-";
  std::string protocol;
  std::string version;
  std::string direction;
  std::vector<std::uint16_t> ports;
  bool json = false;
  bool show_secrets = false;
};

/// Octets of input: twice the longest packet of MQTT and more, so that no input without an end takes all memory.
constexpr std::size_t input_octets_max = 512U << 20;

/// Appends all that `descriptor` gives; false: it can't be read, and errno says why.
bool read_all(int descriptor, const std::string& who, std::string& to) {
  constexpr std::size_t piece = 256U << 10;
  for (;;) {
    const std::size_t before = to.size();
    to.resize(before + piece);
    const ssize_t count = ::read(descriptor, to.data() + before, piece);
    to.resize(before + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return count == 0;
    if (to.size() > input_octets_max)
      throw failure(who + " has more than the 512 MiB that are decoded at a time",
                    "give a part of it: 'editcap -c' splits a recording, and 'head -c' or 'split -b' bytes");
  }
}

std::string who_gives(const std::string& name) { return name == "-" ? "standard input" : "'" + name + "'"; }

std::string read_all(const std::string& name) {
  std::string data;
  const bool standard = name == "-";
  const posix::descriptor file{standard ? -1 : ::open(name.c_str(), O_RDONLY | O_CLOEXEC)};
  const std::string who = who_gives(name);
  if ((!standard && !file) || !read_all(standard ? STDIN_FILENO : file.get(), who, data))
    throw failure("cannot read " + who + ": " + std::strerror(errno),
                  standard ? "give a file, or bytes there" : "check the path");
  if (data.empty()) throw failure("there is nothing to decode", "give a file, or bytes on standard input");
  return data;
}

decode_settings settings_of(const decode_options& from) {
  using protocol = decode_settings::protocol;
  decode_settings how;
  if (from.protocol == "mqtt") how.what = protocol::mqtt;
  if (from.protocol == "dhcp") how.what = protocol::dhcp;
  if (from.protocol == "dns") how.what = protocol::dns;
  if (from.protocol == "ntp") how.what = protocol::ntp;
  const bool datagram = how.what != protocol::guess && how.what != protocol::mqtt;
  if (datagram && from.show_secrets)
    throw usage_error("--show-secrets is about passwords of MQTT, and " + from.protocol + " has none", "leave it out");
  if (datagram && (!from.version.empty() || !from.direction.empty() || !from.ports.empty()))
    throw usage_error("--version, --direction and --port are about MQTT, not about " + from.protocol,
                      "leave them out, or give --protocol mqtt");
  if (from.version == "5") how.version = mqtt::version::v5_0;
  if (from.version == "3.1.1") how.version = mqtt::version::v3_1_1;
  if (from.direction == "client") how.direction = mqtt::sender::client;
  if (from.direction == "server") how.direction = mqtt::sender::server;
  how.ports = from.ports;
  how.json = from.json;
  how.show_secrets = from.show_secrets;
  return how;
}

/// Refuses what others keep recordings and text in, and what would pass for a malformed packet of MQTT.
void refuse_wrapped(std::string_view data, const std::string& who) {
  using namespace std::string_view_literals;
  struct wrapping {
    std::string_view begins, what, remedy;
  };
  static constexpr wrapping known[] = {
      {"\x1f\x8b\x08"sv, "is compressed by gzip", "unpack it first: 'gzip -dc FILE | recado decode'"},
      {"\x28\xb5\x2f\xfd"sv, "is compressed by zstd", "unpack it first: 'zstd -dc FILE | recado decode'"},
      {"\xfd\x37zXZ\0"sv, "is compressed by xz", "unpack it first: 'xz -dc FILE | recado decode'"},
      {"\x04\x22\x4d\x18"sv, "is compressed by lz4", "unpack it first: 'lz4 -dc FILE | recado decode'"},
      {"\x34\xcd\xb2\xa1"sv, "is a recording in another form of pcap", "convert it: 'editcap FILE NEW'"},
      {"\xa1\xb2\xcd\x34"sv, "is a recording in another form of pcap", "convert it: 'editcap FILE NEW'"},
      {"snoop\0\0\0"sv, "is a recording of snoop", "convert it: 'editcap FILE NEW'"},
  };
  for (const wrapping& each : known)
    if (data.starts_with(each.begins)) throw failure(who + ' ' + std::string{each.what}, std::string{each.remedy});
  const auto printable = [&](std::size_t at) { return data[at] >= ' ' && data[at] < 0x7f; };
  const bool little = data.size() >= 4 && data.starts_with("\xff\xfe") && printable(2) && data[3] == 0;
  const bool big = data.size() >= 4 && data.starts_with("\xfe\xff") && data[2] == 0 && printable(3);
  if (little || big) throw failure(who + " is text in UTF-16", "give UTF-8: 'iconv -f UTF-16 FILE | recado decode'");
}

/// The bytes that a text of digits stands for, or the input itself if it isn't text.
std::string bytes_of(std::string data, const std::string& who) {
  if (!capture::may_be_hex_text(data)) return data;
  auto read = capture::read_hex(data);
  if (!read) {
    const capture::hex_trouble& wrong = read.error();
    throw failure(who + ", line " + std::to_string(wrong.line) + ", column " + std::to_string(wrong.column) + ": " +
                      std::string{wrong.cause},
                  "give hexadecimal text, raw bytes, or a pcap or pcapng file");
  }
  if (read->empty()) throw failure("there are no bytes in the text", "give pairs of hexadecimal digits");
  return *std::move(read);
}

int decode(const decode_options& from) {
  const decode_settings how = settings_of(from);
  const std::string input = read_all(from.file);
  capture::decoder decoder{out(), how};
  if (capture::recording::recognises(as_bytes(input))) {
    if (how.direction) throw usage_error("a recording tells by itself who sent what", "leave --direction out");
    decoder.decode_recording(as_bytes(input));
  } else {
    if (!how.ports.empty()) throw usage_error("--port is about recordings", "leave it out");
    if (how.what == decode_settings::protocol::guess) refuse_wrapped(input, who_gives(from.file));
    const std::string data = bytes_of(input, who_gives(from.file));
    decoder.decode(as_bytes(data));
  }
  out().flush();
  if (decoder.malformed() != 0)
    throw failure(
        std::to_string(decoder.malformed()) + " of " + std::to_string(decoder.packets()) + " packets malformed",
        "the carets and notes above say where");
  if (decoder.recording_broken())
    throw failure("the recording could not be read to its end", "the note above says where it breaks; record it again");
  if (decoder.packets() == 0)
    throw failure("there is no packet of MQTT, DHCP, DNS or NTP in it", std::string{decoder.remedy_of_nothing()});
  return exit_success;
}

}  // namespace

void add_decode(CLI::App& root) {
  const auto to = std::make_shared<decode_options>();
  CLI::App& command = *root.add_subcommand("decode", "Decode bytes or a recording to readable packets");
  command
      .add_option("FILE", to->file,
                  "Hexadecimal text (also as hexdump or xxd write it), raw bytes, or a pcap or pcapng file; "
                  "- is standard input; up to 512 MiB")
      ->capture_default_str();
  command.add_option("--protocol", to->protocol, "mqtt, dhcp, dns or ntp (default: guessed, and said)")
      ->check(CLI::IsMember({"mqtt", "dhcp", "dns", "ntp"}));
  command.add_option("--version", to->version, "MQTT version of bytes without a CONNECT: 3.1.1 or 5")
      ->check(CLI::IsMember({"3.1.1", "5"}));
  command.add_option("--direction", to->direction, "Who sent the bytes: client or server (default: either)")
      ->check(CLI::IsMember({"client", "server"}));
  command
      .add_option("--port", to->ports,
                  "TCP port of MQTT, plain, in TLS or in WebSocket, in a recording besides 1883 and 8883 (repeatable)")
      ->check(CLI::Range(1, 65535));
  command.add_flag("--json", to->json, "One JSON object for each packet, each on a line");
  command.add_flag("--show-secrets", to->show_secrets, "Print passwords and authentication data, not their length");
  on_run(command, [to] { return decode(*to); });
}

}  // namespace recado::app
