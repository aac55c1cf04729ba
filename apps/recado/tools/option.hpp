// The one table of options: what parses, what --help prints, what the manual pages and completions are made from.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "settings.hpp"

namespace recado::app::tools {

/// One option.
struct option {
  std::string_view name;      ///< long, without dashes; empty if it has only a letter
  char letter = 0;            ///< 0: none
  std::string_view argument;  ///< how the help calls its argument; empty: it takes none
  unsigned tools = 0;         ///< bits of `tool`
  void (*apply)(settings& to, std::string_view value) = nullptr;
  std::string_view help;

  bool belongs_to(tool which) const { return (tools & static_cast<unsigned>(which)) != 0; }
};

/// All of them, in the order of the help.
std::span<const option> options();
/// The option that `word` ("-t", "--topic") names for this tool, or nullptr.
const option* find_option(tool which, std::string_view word);

/// Reads option files and the command line, and checks what they say together. `words` are those behind the tool's
/// name. Throws `failure` with exit status 1, as mosquitto's clients end. Only the help or the
/// version was asked for if it returns a text.
std::string read_arguments(settings& to, std::span<const std::string_view> words);
/// Takes over one `-D`: "CONNECT user-property name value". Returns how many of `words` it used.
std::size_t read_property(settings& to, std::span<const std::string_view> words);
/// mqtt[s]://[user[:password]@]host[:port]/topic, and the same with ws[s]://; throws `failure`.
void read_url(settings& to, std::string_view text);
/// socks5h://[user[:password]@]host[:port] or http://…; throws `failure`.
proxy read_proxy(std::string_view text);
/// What has to hold between the options of the way to the broker; throws `failure`.
void check_route(const settings& what);
/// Refuses a host and a port beside a Unix socket, which has none; throws `failure`.
void check_unix(const settings& what);
/// The same between the options of TLS; decides whether there is TLS. Throws `failure`.
void check_tls(settings& what);
/// Refuses what is given on the command line and can have no effect beside the other options; throws `failure`.
void check_effects(const settings& what);
/// True if a format prints JSON.
bool prints_json(std::string_view format);
/// What a format says wrong, before anything is connected; throws `failure`.
void check_format(std::string_view format);

/// What a tool needs besides options: "-t FILTER …".
std::string_view usage_of(tool which);
/// The help of a tool, made from the table.
std::string help_of(tool which);

}  // namespace recado::app::tools
