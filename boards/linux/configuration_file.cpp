#include "configuration_file.hpp"

#include <toml++/toml.h>
#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <system_error>

#include <recado/core/address.hpp>
#include <recado/core/byte_order_mark.hpp>
#include <recado/core/nearest.hpp>
#include <recado/device/options.hpp>
#include <recado/device/server.hpp>
#include <recado/dhcp/error.hpp>
#include <recado/dhcp/lease.hpp>
#include <recado/dns/limits.hpp>
#include <recado/tls/limits.hpp>

namespace recado::linux_board {

namespace {

std::string in_quotes(std::string_view text) { return "'" + std::string{text} + "'"; }

std::string path_of(std::string_view section, std::string_view option) {
  return std::string{section} + '.' + std::string{option};
}

std::string suggestion(std::string_view word, const std::vector<std::string_view>& known) {
  const std::string_view guess = nearest(word, known);
  if (!guess.empty()) return "did you mean " + in_quotes(guess) + "?";
  std::string all;
  for (const std::string_view each : known) (all += all.empty() ? "there are " : ", ") += each;
  return all;
}

std::vector<std::string_view> sections() {
  std::vector<std::string_view> names;
  for (const device::option& each : device::options())
    if (names.empty() || names.back() != each.section) names.push_back(each.section);
  return names;
}

std::vector<std::string_view> names_in(std::string_view section) {
  std::vector<std::string_view> names;
  for (const device::option& each : device::options())
    if (each.section == section) names.push_back(each.name);
  return names;
}

std::string type_of(const device::option& which) {
  char memory[160];
  buffer_sink out{memory};
  device::print_type(which, out);
  return std::string{out.view()};
}

constexpr std::size_t bytes_max = 1U << 20;

/// All of a file, or of a pipe to its end; a little more than `bytes_max` of what is longer, as a device without an
/// end.
std::optional<std::string> content_of(const std::filesystem::path& file) {
  std::error_code unknown;
  std::ifstream in{file, std::ios::binary};
  if (!in || std::filesystem::is_directory(file, unknown)) return std::nullopt;
  std::string text;
  std::array<char, 4096> piece;
  while (text.size() <= bytes_max && in) {
    in.read(piece.data(), piece.size());
    text.append(piece.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (in.bad()) return std::nullopt;
  return text;
}

std::optional<std::string> bytes_of_hex(std::string_view text) {
  std::string result;
  for (; text.size() >= 2; text.remove_prefix(2)) {
    unsigned char octet = 0;
    const auto [end, why] = std::from_chars(text.data(), text.data() + 2, octet, 16);
    if (why != std::errc{} || end != text.data() + 2) return std::nullopt;
    result += static_cast<char>(octet);
  }
  if (!text.empty()) return std::nullopt;
  return result;
}

}  // namespace

/// Walks the TOML tree and puts what it finds into the file's values.
struct reader {
  configuration_file& into;
  std::filesystem::path folder;

  void read(const toml::table& root) {
    for (const auto& [key, node] : root) {
      const std::string_view section = key.str();
      const unsigned line = key.source().begin.line;
      if (names_in(section).empty()) unknown_section(section, line, node);
      else if (const toml::table* table = node.as_table()) read_section(section, *table);
      else into.complain(line, in_quotes(section) + " has to be a section: [" + std::string{section} + "]");
    }
  }

  void unknown_section(std::string_view word, unsigned line, const toml::node& node) {
    if (node.is_table())
      return into.complain(line, "unknown section " + in_quotes(word) + "; " + suggestion(word, sections()));
    for (const device::option& each : device::options())
      if (each.name == word)
        return into.complain(
            line, in_quotes(word) + " stands outside its section; put it under [" + std::string{each.section} + "]");
    into.complain(line, "unknown key " + in_quotes(word) + " outside any section; " + suggestion(word, sections()));
  }

  void read_section(std::string_view section, const toml::table& table) {
    for (const auto& [key, node] : table) {
      const unsigned line = key.source().begin.line;
      if (const device::option* found = device::find_option(section, key.str())) {
        take(*found, node, line);
        continue;
      }
      const std::string path = path_of(section, key.str());
      into.complain(line, "unknown key " + in_quotes(path) + "; " + suggestion(key.str(), names_in(section)));
    }
  }

  void take(const device::option& which, const toml::node& node, unsigned line) {
    std::vector<std::string_view> list;
    device::value given = std::int64_t{-1};
    bool known = true;
    if (const auto* yes = node.as_boolean()) given = yes->get();
    else if (const auto* number = node.as_integer()) given = number->get();
    else if (const auto* text = node.as_string()) given = text_of(which, text->get());
    else if (const auto* array = node.as_array())
      known = take_list(which, *array, list), given = std::span{std::as_const(list)};
    else known = false;
    if (!known) return complain(which, device::option_error::wrong_type, line);
    if (const auto done = device::set(which, into.values, given); !done) return complain(which, done.error(), line);
    into.given_[path_of(which.section, which.name)] = line;
  }

  bool take_list(const device::option& which, const toml::array& array, std::vector<std::string_view>& list) {
    for (const toml::node& each : array) {
      const auto* text = each.as_string();
      if (text == nullptr) return false;
      list.push_back(text_of(which, text->get()));
    }
    return true;
  }

  /// A path is meant relative to the configuration that names it.
  std::string_view text_of(const device::option& which, const std::string& text) {
    if (which.kind != device::text_kind::file || text.empty()) return into.keep(text);
    return into.keep((folder / text).lexically_normal().string());
  }

  void complain(const device::option& which, device::option_error why, unsigned line) {
    const std::string path = path_of(which.section, which.name);
    std::string taken = type_of(which);
    const bool is_list = which.kind == device::text_kind::server;
    if (why == device::option_error::too_long && !is_list && !taken.ends_with("bytes"))
      taken += " of " + std::to_string(which.least) + " to " + std::to_string(which.most) + " bytes";
    into.complain(line, path + ' ' + std::string{words(why)} + "; it takes " + taken);
  }
};

configuration_file::~configuration_file() {
  for (std::string& each : texts_) wipe(std::as_writable_bytes(std::span{each}));
}

void configuration_file::read(const std::filesystem::path& file) {
  name = file.string();
  const auto text = content_of(file);
  if (!text) return readable_ = false, complain(0, "the configuration can't be read; check the path and its rights");
  if (text->size() > bytes_max)
    return readable_ = false, complain(0, "this has more than 1 MiB, and can be no configuration; check the path");
  parse(*text, file.string(), std::filesystem::absolute(file).parent_path());
}

void configuration_file::parse(std::string_view text, std::string_view called, const std::filesystem::path& folder) {
  name = called;
  try {
    const toml::table root = toml::parse(text);
    reader{*this, folder}.read(root);
  } catch (const toml::parse_error& error) {
    readable_ = false;
    complain(error.source().begin.line, "this is no TOML: " + std::string{error.description()});
  }
}

void configuration_file::override_with(std::string_view assignment) {
  const std::size_t equals = assignment.find('='), dot = assignment.find('.');
  if (equals == std::string_view::npos || dot == std::string_view::npos || dot > equals)
    return complain(0, in_quotes(assignment.substr(0, equals)) + " is no setting; write section.name=value");
  const std::string key{assignment.substr(0, equals)}, given{assignment.substr(equals + 1)};
  const auto attempt = [&](const std::string& text) {
    const toml::table root = toml::parse(text);
    reader{*this, std::filesystem::current_path()}.read(root);
  };
  const std::size_t before = problems_.size();
  try {
    attempt(key + " = " + given);
  } catch (const toml::parse_error&) {
    try {
      attempt(key + " = '''" + given + "'''");  // a bare word is a text
    } catch (const toml::parse_error& error) {
      complain(0, in_quotes(key) + " can't be set so: " + std::string{error.description()});
    }
  }
  for (std::size_t i = before; i < problems_.size(); ++i) problems_[i].line = 0;
  if (const auto taken = given_.find(std::string_view{key}); taken != given_.end()) taken->second = 0;
}

bool configuration_file::gives(std::string_view section, std::string_view option) const {
  return given_.contains(path_of(section, option));
}

void configuration_file::refuse(std::string_view section, std::string_view option, std::string_view why) {
  const std::string path = path_of(section, option);
  const auto given = given_.find(path);
  complain(given == given_.end() ? 0 : given->second, path + ": " + std::string{why});
}

std::optional<std::string> configuration_file::first_line_of(std::string_view path, std::string_view option) {
  const auto text = content_of(path);
  if (!text || text->empty() || text->size() > bytes_max) {
    const char* wrong = text && !text->empty() ? " has more than 1 MiB" : " can't be read or is empty";
    complain(0, std::string{option} + ": " + std::string{path} + wrong);
    return std::nullopt;
  }
  std::string line = text->substr(0, text->find('\n'));
  if (line.ends_with('\r')) line.pop_back();
  return std::string{without_byte_order_mark(line)};
}

void configuration_file::load_password() {
  const auto& broker = values.broker;
  const int sources = !broker.password.empty() + !broker.password_file.empty() + !broker.password_environment.empty();
  if (sources > 1)
    return complain(0, "broker.password, broker.password_file and broker.password_environment exclude each other");
  if (!broker.password_file.empty()) {
    auto line = first_line_of(broker.password_file, "broker.password_file");
    if (!line) return;
    values.broker.password = keep(std::move(*line));
  }
  if (!broker.password_environment.empty()) {
    const char* secret = std::getenv(std::string{broker.password_environment}.c_str());
    if (secret == nullptr)
      return complain(
          0, "broker.password_environment: the variable " + std::string{broker.password_environment} + " is not set");
    values.broker.password = keep(secret);
  }
}

// From hexadecimal to the bytes that are meant.
void configuration_file::load_psk() {
  auto& tls = values.tls;
  if (!tls.psk.empty() && !tls.psk_file.empty()) return complain(0, "tls.psk and tls.psk_file exclude each other");
  if (!tls.psk_file.empty()) {
    auto line = first_line_of(tls.psk_file, "tls.psk_file");
    if (!line) return;
    tls.psk = keep(std::move(*line));
  }
  if (tls.psk.empty() != tls.psk_identity.empty())
    return complain(0, "tls.psk_identity and tls.psk, or tls.psk_file, need each other");
  if (tls.psk.empty()) return;
  if (!tls.ca.empty() || !tls.certificate.empty() || !tls.crl.empty())
    complain(0, "a pre-shared key and certificates are both given; leave one of them out of [tls]");
  const auto key = bytes_of_hex(tls.psk);
  if (!key || key->size() < tls::psk_bytes_min || key->size() > tls::psk_bytes_max)
    return complain(0, "the pre-shared key of [tls] has to be 28 to 128 hexadecimal digits, which are 14 to 64 bytes");
  tls.psk = keep(*key);
}

// What can't work however the network is.
void configuration_file::check_network() {
  const auto& c = values;
  if (c.network.mode == device::address_mode::as_is && !c.network.interface.empty())
    complain(0,
             "network.interface is given, and with network.mode = \"as-is\" the system chooses the interface; leave it "
             "out, or set the mode to \"dhcp\"");
  for (const std::string_view each : c.dns.servers) {
    const auto named = device::parse_server(each, dns::server_port);
    if (each != "dhcp" && each != "gateway" && (!named || !parse_address(named->host)))
      complain(0, "dns.servers: " + in_quotes(each) + " is no address, and nobody could be asked for it; give one");
  }
  const auto address = parse_address(c.dhcp.static_address), mask = parse_address(c.dhcp.static_mask);
  const auto router = parse_address(c.dhcp.static_gateway);
  if (c.network.mode != device::address_mode::dhcp || !address || !mask) return;
  const auto made = dhcp::static_lease(*address, prefix_length(*mask).value_or(0), router.value_or(ip_address{}));
  if (!made)
    complain(0, "dhcp.static_address, static_mask and static_gateway don't go together: " +
                    std::string{words(made.error())});
}

void configuration_file::check_topics() {
  const auto& broker = values.broker;
  if (broker.secret_topic == broker.public_topic)
    complain(0, "broker.secret_topic and public_topic are the same: the device would hear itself");
  if (broker.secret_topic.starts_with("$share/"))
    complain(0, "broker.secret_topic is a shared subscription, and the device compares topics; give the topic alone");
  if (broker.client_id.find('\0') != broker.client_id.npos)
    complain(0, "broker.client_id has a character U+0000, which MQTT doesn't allow");
}

void configuration_file::finish() {
  load_password();
  load_psk();
  check_network();
  check_topics();
  const auto& c = values;
  if (c.tls.enabled && c.tls.certificate.empty() && !c.tls.key.empty())
    complain(0, "tls.key is given without tls.certificate; give both, or leave it out");
  if (c.tls.enabled && c.tls.client_authentication && c.tls.certificate.empty())
    complain(0, "tls.client_authentication needs tls.certificate");
  if (!c.tls.client_authentication && !c.tls.certificate.empty() && c.tls.enabled)
    complain(0,
             "tls.certificate is given, but tls.client_authentication is off; set it to true, or leave the "
             "certificate out");
  if (c.reconnect.first_ms > c.reconnect.longest_ms)
    complain(0, "reconnect.first_ms is more than reconnect.longest_ms");
  if (c.broker.version == device::protocol::v3_1_1 && c.broker.user_name.empty() && !c.broker.password.empty())
    complain(0, "MQTT 3.1.1 has no password without a user name; set broker.user_name");
  if (!c.device.session.empty() && c.broker.qos == mqtt::qos::at_most_once)
    complain(0, "device.session keeps messages of QoS 1 and 2, and broker.qos is 0");
  if (!c.device.session.empty() && c.broker.session_expiry_s == 0)
    complain(0, "device.session needs a broker that keeps the session, too, and broker.session_expiry_s is 0");
  if (c.dhcp.attempts == 0 && c.dhcp.static_address.empty() && c.network.mode == device::address_mode::dhcp)
    complain(0, "dhcp.attempts is 0 and there is no dhcp.static_address: there would be no address at all");
}

std::string configuration_file::describe_problems() const {
  std::string all;
  for (const problem& each : problems_) {
    if (!all.empty()) all += '\n';
    all += name;
    if (each.line != 0) all += ':' + std::to_string(each.line);
    all += ": " + each.text;
  }
  return all;
}

}  // namespace recado::linux_board
