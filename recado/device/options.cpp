#include <recado/device/options.hpp>

#include <algorithm>
#include <array>

#include <recado/core/address.hpp>
#include <recado/core/time_zone.hpp>
#include <recado/core/utf8.hpp>
#include <recado/device/server.hpp>
#include <recado/tls/limits.hpp>

namespace recado::device {
namespace {

constexpr std::array<std::string_view, 4> level_names{"error", "warning", "info", "debug"};
constexpr std::array<std::string_view, 2> language_names{"es", "en"};
constexpr std::array<std::string_view, 3> durability_names{"none", "flush", "fsync"};
constexpr std::array<std::string_view, 2> mode_names{"dhcp", "as-is"};
constexpr std::array<std::string_view, 3> no_time_names{"plausible", "keep-trying", "go-on"};
constexpr std::array<std::string_view, 2> version_names{"3.1.1", "5.0"};
constexpr std::array<std::string_view, 3> qos_names{"0", "1", "2"};

template <class Enum>
field choice(Enum& value, std::span<const std::string_view> names) {
  static_assert(sizeof(Enum) == 1);
  return choice_field{reinterpret_cast<std::uint8_t*>(&value), names};
}

constexpr std::uint32_t path_bytes_max = 1024, topic_bytes_max = 256, text_bytes_max = 128, u32_max = 0xffff'ffff;

#define RECADO_AT(member) [](configuration& c) -> field { return &c.member; }
#define RECADO_CHOICE(member, names) [](configuration& c) -> field { return choice(c.member, names); }

constexpr option table[] = {
    {"device", "platform", RECADO_AT(device.platform), 1, 32, text_kind::free, "",
     "name of the platform, shown at the start and told to the DHCP server as the host name"},
    {"device", "console", RECADO_CHOICE(device.console, level_names), 0, 0, {}, "", "how much the console shows"},
    {"device",
     "publish_s",
     RECADO_AT(device.publish_s),
     0,
     86400,
     {},
     "",
     "seconds between two publications of date and time; 0: none"},
    {"device", "language", RECADO_CHOICE(device.language, language_names), 0, 0, {}, "", "language of the texts"},
    {"device", "storage", RECADO_AT(device.storage), 0, path_bytes_max, text_kind::file,
     "recado in $XDG_STATE_HOME or ~/.local/state",
     "folder for what the device remembers: its lease, the last known time"},
    {"device", "session", RECADO_AT(device.session), 0, path_bytes_max, text_kind::file,
     "the session ends with the program",
     "folder in which the session outlives the program: messages on their way, waiting and received"},
    {"device",
     "session_durability",
     RECADO_CHOICE(device.session_durability, durability_names),
     0,
     0,
     {},
     "",
     "what that survives: the loss of power (fsync), a crash (flush), a tidy end (none)"},

    {"network", "interface", RECADO_AT(network.interface), 0, 15, text_kind::free,
     "the first one with Ethernet addresses", "network interface"},
    {"network",
     "mode",
     RECADO_CHOICE(network.mode, mode_names),
     0,
     0,
     {},
     "",
     "where the address comes from: DHCP with the static address as a fallback, or what the system has (as-is)"},
    {"network",
     "probe",
     RECADO_AT(network.probe),
     0,
     0,
     {},
     "",
     "ask by ARP whether an address is free before it is used"},

    {"dhcp",
     "attempts",
     RECADO_AT(dhcp.attempts),
     0,
     100000,
     {},
     "",
     "attempts before the static address is used; 0: the static address at once"},
    {"dhcp", "attempt_ms", RECADO_AT(dhcp.attempt_ms), 50, 60000, {}, "", "milliseconds that one attempt lasts"},
    {"dhcp", "static_address", RECADO_AT(dhcp.static_address), 0, 15, text_kind::address_or_none,
     "no static address: DHCP is asked for ever", "address to use without DHCP"},
    {"dhcp", "static_mask", RECADO_AT(dhcp.static_mask), 7, 15, text_kind::mask, "", "its network mask"},
    {"dhcp", "static_gateway", RECADO_AT(dhcp.static_gateway), 0, 15, text_kind::address_or_none, "no gateway",
     "the gateway to use with it"},

    {"dns", "servers", RECADO_AT(dns.servers), 0, servers_max, text_kind::server, "[\"dhcp\", \"gateway\"]",
     "DNS servers in order: addresses with an optional port, \"dhcp\" for those of the lease, \"gateway\""},

    {"ntp", "enabled", RECADO_AT(ntp.enabled), 0, 0, {}, "", "set the clock by NTP"},
    {"ntp", "servers", RECADO_AT(ntp.servers), 0, servers_max, text_kind::server, "[\"dhcp\", \"es.pool.ntp.org\"]",
     "time servers in order: names or addresses with an optional port, \"dhcp\" for those of the lease"},
    {"ntp",
     "on_failure",
     RECADO_CHOICE(ntp.on_failure, no_time_names),
     0,
     0,
     {},
     "",
     "when no time server answers: go on if TLS is off or the clock is plausible, keep trying, or go on in any case"},
    {"ntp", "time_zone", RECADO_AT(ntp.time_zone), 1, 64, text_kind::time_zone, "",
     "time zone of the published date: \"GMT+1\" or POSIX \"CET-1CEST,M3.5.0,M10.5.0/3\""},
    {"ntp", "again_s", RECADO_AT(ntp.again_s), 64, 604800, {}, "", "seconds until the time is asked for again"},
    {"ntp",
     "trust_clock",
     RECADO_AT(ntp.trust_clock),
     0,
     0,
     {},
     "",
     "take the board's real-time clock for plausible; false: as if there were none"},

    {"tls", "enabled", RECADO_AT(tls.enabled), 0, 0, {}, "", "encrypt the connection to the broker"},
    {"tls",
     "client_authentication",
     RECADO_AT(tls.client_authentication),
     0,
     0,
     {},
     "",
     "present the client certificate"},
    {"tls",
     "debug_level",
     RECADO_AT(tls.debug_level),
     0,
     5,
     {},
     "",
     "1: shows the server's name and verdict, 2: its whole chain, 3 and more: writes the keys for Wireshark beside the "
     "storage"},
    {"tls", "ca", RECADO_AT(tls.ca), 0, path_bytes_max, text_kind::file, "what the system trusts",
     "file with the certificate of the authority that is trusted"},
    {"tls", "certificate", RECADO_AT(tls.certificate), 0, path_bytes_max, text_kind::file, "none",
     "file with the client certificate"},
    {"tls", "key", RECADO_AT(tls.key), 0, path_bytes_max, text_kind::file, "in the certificate's file",
     "file with its private key"},
    {"tls", "key_password_file", RECADO_AT(tls.key_password_file), 0, path_bytes_max, text_kind::file,
     "asked on the terminal", "file with the pass phrase of the private key"},
    {"tls", "crl", RECADO_AT(tls.crl), 0, path_bytes_max, text_kind::file, "none",
     "file with the list of revoked certificates"},
    {"tls", "server_name", RECADO_AT(tls.server_name), 0, 253, text_kind::free, "the broker's name in broker.servers",
     "name that the broker's certificate must carry"},
    {"tls", "psk_identity", RECADO_AT(tls.psk_identity), 0, tls::psk_identity_bytes_max, text_kind::free, "none",
     "name of the key that device and broker share, instead of certificates"},
    {"tls", "psk", RECADO_AT(tls.psk), 0, 2 * tls::psk_bytes_max, text_kind::secret, "none",
     "that key in hexadecimal, 14 to 64 bytes; better in a file"},
    {"tls", "psk_file", RECADO_AT(tls.psk_file), 0, path_bytes_max, text_kind::file, "none",
     "file with that key in its first line"},

    {"broker", "servers", RECADO_AT(broker.servers), 0, servers_max, text_kind::server, "[\"test.mosquitto.org\"]",
     "brokers in order: names or addresses with an optional port"},
    {"broker", "port", RECADO_AT(broker.port), 0, 65535, {}, "", "port with TLS; 0: 8883"},
    {"broker",
     "plain_port",
     RECADO_AT(broker.plain_port),
     1,
     65535,
     {},
     "",
     "port without TLS, also for the comparison"},
    {"broker", "version", RECADO_CHOICE(broker.version, version_names), 0, 0, {}, "", "version of MQTT"},
    {"broker", "client_id", RECADO_AT(broker.client_id), 0, 128, text_kind::free, "recado- and the Ethernet address",
     "client identifier"},
    {"broker",
     "keep_alive_s",
     RECADO_AT(broker.keep_alive_s),
     0,
     65535,
     {},
     "",
     "seconds of silence after which a PINGREQ is sent; 0: never"},
    {"broker",
     "session_expiry_s",
     RECADO_AT(broker.session_expiry_s),
     0,
     u32_max,
     {},
     "",
     "seconds that the broker keeps the session, with messages for us; 0: only while connected"},
    {"broker", "user_name", RECADO_AT(broker.user_name), 0, 256, text_kind::free, "none", "user name"},
    {"broker", "password", RECADO_AT(broker.password), 0, 256, text_kind::secret, "none",
     "password; better in a file or the environment"},
    {"broker", "password_file", RECADO_AT(broker.password_file), 0, path_bytes_max, text_kind::file, "none",
     "file with the password in its first line"},
    {"broker", "password_environment", RECADO_AT(broker.password_environment), 0, 64, text_kind::free, "none",
     "environment variable with the password"},
    {"broker", "public_topic", RECADO_AT(broker.public_topic), 1, topic_bytes_max, text_kind::topic, "",
     "topic on which the device publishes"},
    {"broker", "secret_topic", RECADO_AT(broker.secret_topic), 1, topic_bytes_max, text_kind::topic, "",
     "topic from which it takes commands"},
    {"broker", "qos", RECADO_CHOICE(broker.qos, qos_names), 0, 0, {}, "", "quality of service of both directions"},

    {"reconnect",
     "first_ms",
     RECADO_AT(reconnect.first_ms),
     1,
     3600000,
     {},
     "",
     "longest wait in milliseconds before the first new attempt; it doubles with each further one"},
    {"reconnect", "longest_ms", RECADO_AT(reconnect.longest_ms), 1, 86400000, {}, "", "no wait is longer"},
    {"reconnect",
     "rounds",
     RECADO_AT(reconnect.rounds),
     0,
     u32_max,
     {},
     "",
     "end with an error after so many failed rounds in a row; 0: never"},
    {"reconnect",
     "retry_final",
     RECADO_AT(reconnect.retry_final),
     0,
     0,
     {},
     "",
     "try again for final reasons, too (credentials, rights, certificates, a broken protocol); else it ends with an "
     "error when every broker has given one"},
    {"reconnect",
     "references",
     RECADO_AT(reconnect.references),
     0,
     16,
     {},
     "",
     "servers that a broker names in its place (0x9C, 0x9D) are followed so many times in a row; 0: never"},

    {"texts",
     "connected",
     RECADO_AT(texts.connected),
     0,
     text_bytes_max,
     {},
     "the language's",
     "published when online"},
    {"texts",
     "disconnected",
     RECADO_AT(texts.disconnected),
     0,
     text_bytes_max,
     {},
     "the language's",
     "published as the goodbye and as the will"},
    {"texts",
     "led_on",
     RECADO_AT(texts.led_on),
     0,
     text_bytes_max,
     {},
     "the language's",
     "published when a LED is switched on; {} is its number"},
    {"texts",
     "led_off",
     RECADO_AT(texts.led_off),
     0,
     text_bytes_max,
     {},
     "the language's",
     "published when a LED is switched off"},
    {"texts",
     "date",
     RECADO_AT(texts.date),
     0,
     text_bytes_max,
     {},
     "the language's",
     "format of date and time, as of strftime"},

    {"test", "enabled", RECADO_AT(test.enabled), 0, 0, {}, "", "the button held at the start enters the test mode"},
    {"test", "bytes", RECADO_AT(test.bytes), 1, 65536, {}, "", "bytes of each message"},
    {"test", "cycles", RECADO_AT(test.cycles), 1, 100000, {}, "", "how many messages"},
};
#undef RECADO_AT
#undef RECADO_CHOICE

bool is_topic(std::string_view text) {
  return is_utf8(as_bytes(text)) && text.find_first_of(std::string_view{"+#\0", 3}) == std::string_view::npos;
}

std::expected<void, option_error> check(text_kind kind, std::string_view text) {
  using enum option_error;
  const auto fail = [](option_error why) { return std::expected<void, option_error>{std::unexpect, why}; };
  switch (kind) {
    case text_kind::address_or_none:
      if (text.empty()) return {};
      [[fallthrough]];
    case text_kind::address: {
      const auto address = parse_address(text);
      return address && address->is_v4() ? std::expected<void, option_error>{} : fail(not_an_address);
    }
    case text_kind::mask: {
      const auto mask = parse_address(text);
      return mask && prefix_length(*mask) ? std::expected<void, option_error>{} : fail(not_a_mask);
    }
    case text_kind::time_zone:
      return time_zone::parse(text) ? std::expected<void, option_error>{} : fail(not_a_time_zone);
    case text_kind::server:
      return parse_server(text, 1) ? std::expected<void, option_error>{} : fail(not_a_server);
    case text_kind::topic:
      return is_topic(text) ? std::expected<void, option_error>{} : fail(not_a_topic);
    case text_kind::free:
    case text_kind::file:
    case text_kind::secret:
      return {};
  }
  return {};
}

/// Puts a value of any type into a place of any type, if they fit.
struct setter {
  const option& which;
  const value& given;
  using result = std::expected<void, option_error>;

  result operator()(bool* at) const {
    const bool* yes = std::get_if<bool>(&given);
    if (yes == nullptr) return std::unexpected{option_error::wrong_type};
    *at = *yes;
    return {};
  }
  result operator()(std::uint32_t* at) const {
    const std::int64_t* number = std::get_if<std::int64_t>(&given);
    if (number == nullptr) return std::unexpected{option_error::wrong_type};
    if (*number < which.least || *number > which.most) return std::unexpected{option_error::out_of_range};
    *at = static_cast<std::uint32_t>(*number);
    return {};
  }
  result operator()(const choice_field& at) const {
    char memory[24];
    buffer_sink digits{memory};
    std::string_view word;
    if (const auto* text = std::get_if<std::string_view>(&given)) word = *text;
    else if (const auto* number = std::get_if<std::int64_t>(&given))
      word = (digits.signed_number(*number), digits.view());
    else return std::unexpected{option_error::wrong_type};
    const auto found = std::ranges::find(at.names, word);
    if (found == at.names.end()) return std::unexpected{option_error::not_a_choice};
    *at.value = static_cast<std::uint8_t>(found - at.names.begin());
    return {};
  }
  result operator()(std::string_view* at) const {
    const auto* text = std::get_if<std::string_view>(&given);
    if (text == nullptr) return std::unexpected{option_error::wrong_type};
    if (text->size() > which.most || text->size() < which.least) return std::unexpected{option_error::too_long};
    if (const result good = check(which.kind, *text); !good) return good;
    *at = *text;
    return {};
  }
  result operator()(server_list* at) const {
    server_list list;
    if (const auto* text = std::get_if<std::string_view>(&given)) {
      if (const result good = check(which.kind, *text); !good) return good;
      list.push_back(*text);
    } else if (const auto* texts = std::get_if<std::span<const std::string_view>>(&given)) {
      for (const std::string_view each : *texts) {
        if (const result good = check(which.kind, each); !good) return good;
        if (!list.push_back(each)) return std::unexpected{option_error::too_many};
      }
    } else {
      return std::unexpected{option_error::wrong_type};
    }
    if (list.empty()) return std::unexpected{option_error::too_long};
    *at = list;
    return {};
  }
};

struct type_printer {
  const option& of;
  text_sink& out;

  void operator()(bool*) const { out << "true or false"; }
  void operator()(std::uint32_t*) const {
    out << "a number from ";
    out.number(of.least) << " to ";
    out.number(of.most);
  }
  void operator()(const choice_field& at) const {
    for (std::size_t i = 0; i < at.names.size(); ++i)
      out << (i == 0 ? "" : i + 1 == at.names.size() ? " or " : ", ") << '"' << at.names[i] << '"';
  }
  void operator()(std::string_view*) const {
    switch (of.kind) {
      case text_kind::address:
      case text_kind::address_or_none:
        out << "an IPv4 address as a text";
        return;
      case text_kind::mask:
        out << "a network mask as a text";
        return;
      case text_kind::time_zone:
        out << "a time zone as a text";
        return;
      case text_kind::file:
        out << "the path of a file as a text";
        return;
      case text_kind::topic:
        out << "a topic as a text";
        return;
      default:
        break;
    }
    out << "a text of " << (of.least == 0 ? "up to " : "1 to ");
    out.number(of.most) << " bytes";
  }
  void operator()(server_list*) const {
    out << "a text, or a list of 1 to ";
    out.number(of.most) << " texts";
  }
};

struct value_printer {
  const option& of;
  bool show_secrets;
  text_sink& out;

  void operator()(bool* at) const { out << (*at ? "true" : "false"); }
  void operator()(std::uint32_t* at) const { out.number(*at); }
  void operator()(const choice_field& at) const { out << '"' << at.names[*at.value] << '"'; }
  void operator()(std::string_view* at) const {
    if (of.kind == text_kind::secret && !at->empty() && !show_secrets) {
      out << '(';
      out.number(at->size()) << " bytes)";
      return;
    }
    out.quoted(as_bytes(*at));
  }
  void operator()(server_list* at) const {
    out << '[';
    for (std::size_t i = 0; i < at->size(); ++i) {
      if (i != 0) out << ", ";
      out.quoted(as_bytes((*at)[i]));
    }
    out << ']';
  }
};

}  // namespace

std::span<const option> options() { return table; }

const option* find_option(std::string_view section, std::string_view name) {
  for (const option& each : table)
    if (each.section == section && each.name == name) return &each;
  return nullptr;
}

void print_type(const option& of, text_sink& out) {
  configuration any;
  std::visit(type_printer{of, out}, of.at(any));
}

void print_value(const option& of, const configuration& in, bool show_secrets, text_sink& out) {
  configuration copy = in;
  std::visit(value_printer{of, show_secrets, out}, of.at(copy));
}

bool is_unset(const option& of, const configuration& in) {
  configuration copy = in;
  const field at = of.at(copy);
  if (const auto* text = std::get_if<std::string_view*>(&at)) return (*text)->empty();
  if (const auto* list = std::get_if<server_list*>(&at)) return (*list)->empty();
  return false;
}

std::expected<void, option_error> set(const option& which, configuration& into, const value& given) {
  return std::visit(setter{which, given}, which.at(into));
}

}  // namespace recado::device
