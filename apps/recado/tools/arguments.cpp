// Option files, command line, and what has to hold between options.
#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <recado/core/byte_order_mark.hpp>
#include <recado/core/nearest.hpp>
#include <recado/mqtt/topic.hpp>

#include <unistd.h>

#include "../command.hpp"
#include "../small_file.hpp"
#include "option.hpp"
#include "outcome.hpp"
#include "topic_words.hpp"

namespace recado::app::tools {
namespace {

std::string spelled(const option& what) {
  return what.name.empty() ? std::string{"-"} + what.letter : "--" + std::string{what.name};
}

failure unknown(tool which, std::string_view word) {
  std::vector<std::string> names;
  for (const option& each : options())
    if (each.belongs_to(which)) names.push_back(spelled(each));
  const std::vector<std::string_view> views(names.begin(), names.end());
  const std::string_view guess = word.starts_with("--") ? nearest(word, views) : std::string_view{};
  word = word.substr(0, word.find('='));  // the value may be a secret
  if (word.size() > 2 && word[0] == '-' && word[1] != '-' && find_option(which, word.substr(0, 2)) != nullptr)
    return failure("'" + std::string{word.substr(0, 2)} + "' and its value are written together",
                   "put a blank between them");
  const std::string help = "'recado " + std::string{name_of(which)} + " --help' lists the options";
  return failure((word.starts_with('-') ? "unknown option '" : "unexpected argument '") + std::string{word} + "'",
                 guess.empty() ? help : "did you mean '" + std::string{guess} + "'? " + help);
}

void read_file(settings& to, const std::string& path, unsigned depth);

/// Of what an empty value would be taken for "not given": a variable of the shell that isn't set, mostly.
void refuse_empty(const option& what, std::string_view value) {
  static constexpr std::string_view never_empty[] = {
      "host",     "session",    "crlfile",         "pcapng", "unix",         "cert",   "key",    "ciphers",
      "tls-alpn", "tls-keylog", "passphrase-file", "psk",    "psk-identity", "capath", "cafile", "pw-file"};
  if (value.empty() && !what.argument.empty() && std::ranges::find(never_empty, what.name) != std::end(never_empty))
    throw failure(spelled(what) + " is given an empty value",
                  "give " + std::string{what.argument} + ", or leave it out");
}

/// Applies the words from `at` on that belong to one option; returns how many.
std::size_t apply(settings& to, std::span<const std::string_view> words, unsigned depth) {
  const option* what = find_option(to.which, words[0]);
  std::string_view value;
  std::size_t used = 1;
  const std::size_t equals = words[0].find('=');
  if (what == nullptr && words[0].starts_with("--") && equals != words[0].npos) {
    what = find_option(to.which, words[0].substr(0, equals));
    if (what != nullptr && what->argument.empty()) throw unknown(to.which, words[0]);
    value = words[0].substr(equals + 1);
  } else if (what != nullptr && !what->argument.empty() && what->letter != 'D') {
    if (words.size() < 2)
      throw failure(spelled(*what) + " needs an argument", spelled(*what) + " " + std::string{what->argument});
    value = words[1], used = 2;
  }
  if (what == nullptr) throw unknown(to.which, words[0]);
  if (what->letter == 'D') return 1 + read_property(to, words.subspan(1));
  if (what->letter == 'o') return read_file(to, std::string{value}, depth + 1), used;
  refuse_empty(*what, value);
  if (what->letter == 't' && to.which != tool::sub) to.topics.clear();  // the last one counts, as for mosquitto_pub
  what->apply(to, value);
  return used;
}

/// A line of an option file: the option, a blank, and the rest as its value; `-D` has several values.
void read_line(settings& to, std::string_view line, unsigned depth) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  if (line.empty() || line.front() == '#') return;
  std::vector<std::string_view> words;
  const std::size_t blank = line.find_first_of(" \t");
  words.push_back(line.substr(0, blank));
  std::string_view rest = blank == line.npos ? std::string_view{} : line.substr(line.find_first_not_of(" \t", blank));
  const bool several = words[0] == "-D" || words[0] == "--property";
  const bool user = several && rest.find("user-property") != rest.npos;
  for (int parts = user ? 3 : 2; several && parts > 0; --parts) {
    const std::size_t end = rest.find_first_of(" \t");
    if (end == rest.npos) break;
    words.push_back(rest.substr(0, end)), rest = rest.substr(end + 1);
  }
  if (!rest.empty()) words.push_back(rest);
  if (apply(to, words, depth) != words.size()) throw unknown(to.which, words.back());
}

void read_file(settings& to, const std::string& path, unsigned depth) {
  if (depth > 8) throw failure("option files include each other without end", "remove one of their -o lines");
  const std::string content = read_small_file(path, "the option file");
  std::string_view rest = without_byte_order_mark(content);
  for (unsigned number = 1; !rest.empty(); ++number) try {
      const std::string_view line = rest.substr(0, rest.find('\n'));
      rest.remove_prefix(std::min(rest.size(), line.size() + 1));
      read_line(to, line, depth);
    } catch (const failure& wrong) {
      throw failure(path + ", line " + std::to_string(number) + ": " + wrong.what(), std::string{wrong.remedy()});
    }
}

/// The file of defaults: recado's own, else mosquitto's, so that a user's defaults stay.
void read_defaults(settings& to) {
  const char* config = std::getenv("XDG_CONFIG_HOME");
  const char* home = std::getenv("HOME");
  const std::string folder = config != nullptr && *config != 0 ? config
                             : home != nullptr                 ? std::string{home} + "/.config"
                                                               : std::string{};
  if (folder.empty()) return;
  for (const std::string_view family : {"/recado_", "/mosquitto_"}) {
    const std::string path = folder + std::string{family} + std::string{name_of(to.which)};
    std::error_code unknown;
    if (std::filesystem::is_fifo(path, unknown))  // each call would wait for somebody who writes
      throw failure("the option file '" + path + "' is a pipe", "make it a file, or remove it");
    if (::access(path.c_str(), F_OK) == 0) return read_file(to, path, 0);
  }
}

void check_topics(const settings& what) {
  const std::string command = "recado " + std::string{name_of(what.which)};
  const mqtt::version version = what.version.value_or(mqtt::version::v3_1_1);
  if (what.which == tool::sub) {
    if (what.topics.empty() && what.unsubscribe.empty())
      throw failure("no topic is given", "give one by -t, such as " + command + " -t 'sensors/#'");
    const auto check = [&](const std::string& filter) {
      if (const auto valid = mqtt::check_topic_filter(filter, version); !valid)
        throw failure("'" + printable(filter) + "' is not a valid topic filter: " + std::string{words(valid.error())},
                      valid.error() == mqtt::error::bad_topic_filter
                          ? "+ stands for one whole level and # for the rest, only at the end"
                          : std::string{remedy_of_topic(valid.error())});
    };
    std::ranges::for_each(what.topics, check);
    std::ranges::for_each(what.unsubscribe, check);
    std::ranges::for_each(what.filters_out, check);
    return;
  }
  const bool aliased = what.publish.has(mqtt::property::topic_alias);
  if (what.topics.empty() && !aliased) throw failure("no topic is given", "give one by -t");
  for (const std::string& topic : what.topics)
    if (const auto valid = mqtt::check_topic_name(topic); !valid)
      throw failure(
          "'" + printable(topic) + "' is not a valid topic to publish to: " + std::string{words(valid.error())},
          std::string{remedy_of_topic(valid.error())});
  if (what.from == input::none)
    throw failure("no message is given",
                  "give one of -m TEXT, -f FILE, -s, -n" + std::string{what.which == tool::pub ? ", -l" : ""});
  if (what.which == tool::rr) {
    if (what.response_topic.empty()) throw failure("no response topic is given", "give one by -e");
    if (const auto valid = mqtt::check_topic_name(what.response_topic); !valid)
      throw failure("'" + printable(what.response_topic) +
                        "' is not a valid response topic: " + std::string{words(valid.error())},
                    std::string{remedy_of_topic(valid.error())});
    if (what.publish.has(mqtt::property::response_topic))
      throw failure("the response topic is given twice", "give it by -e, and not by -D PUBLISH response-topic");
  }
}

void check_identifier(const settings& what) {
  if (what.client_id && what.id_prefix)
    throw failure("-i and -I are both given", "give the whole identifier or its prefix");
  if (what.client_id && what.client_id->empty())
    throw failure("the client identifier is empty", "give one by -i, or leave -i out and the broker makes one");
  // An identifier that nobody knows, or that changes with the process, never comes back to its session.
  if (!what.session.empty() && what.which == tool::pub && what.qos == mqtt::qos::at_most_once)
    throw failure("--session keeps messages of QoS 1 and 2, and this one is of QoS 0", "add -q 1 or -q 2");
  constexpr mqtt::property expiry = mqtt::property::session_expiry_interval;
  const bool given = what.session_expiry_s || what.connect.has(expiry);
  const bool ends =
      (given && what.session_expiry() == 0) || (what.disconnect.has(expiry) && what.disconnect.number(expiry) == 0);
  if (!what.session.empty() && what.version_5() && ends)
    throw failure("--session keeps the session, and its expiry interval is 0: the broker would forget it at once",
                  "leave it out, or give seconds");
  if (!what.session.empty()) return;  // the folder knows the identifier
  if (what.keep_session && !what.client_id)
    throw failure("-c needs a client identifier, or nobody could come back to the session", "add -i ID");
  if (what.version_5() && !what.client_id && what.session_expiry() == 0xffff'ffff)
    throw failure("a session that never ends needs a client identifier, or nobody could come back to it",
                  "add -i ID, or give a shorter time by -x");
}

void check_session(const settings& what) {
  const bool v5 = what.version_5();
  check_identifier(what);
  if (what.password && !what.user_name && !v5)
    throw failure("MQTT 3.1.1 has no password without a user name", "add -u NAME, or -V 5");
  if (what.session_expiry_s && !v5) throw failure("MQTT 3.1.1 has no session expiry", "add -V 5, or leave -x out");
  if (!v5 && what.retain_as_published)
    throw failure("MQTT 3.1.1 has no --retain-as-published", "add -V 5, or leave it out");
  if (!v5 && what.retain_handling) throw failure("MQTT 3.1.1 has no --retain-handling", "add -V 5, or leave it out");
  if (!v5 && what.any_property) throw failure("MQTT 3.1.1 has no properties", "leave -V out, or -D");
  if (what.session_expiry_s && what.connect.has(mqtt::property::session_expiry_interval))
    throw failure("the session expiry interval is given twice", "give it by -x or by -D CONNECT");
  // MQTT 5.0 §3.14.2.2.2: what was zero in CONNECT cannot become more in DISCONNECT.
  if (what.disconnect.number(mqtt::property::session_expiry_interval) != 0 && what.session_expiry() == 0)
    throw failure("DISCONNECT cannot give a session that ends with its connection a longer life",
                  "add -x SECONDS, or leave -D DISCONNECT session-expiry-interval out");
  if (what.connect.has(mqtt::property::authentication_data) && !what.connect.has(mqtt::property::authentication_method))
    throw failure("authentication data is given without its method", "add -D CONNECT authentication-method NAME");
  if (!what.will_topic && (what.will_payload || what.will_qos_given || what.will_retain || !what.will.empty()))
    throw failure("a will is given without its topic", "add --will-topic TOPIC");
  if (what.will_topic)
    if (const auto valid = mqtt::check_topic_name(*what.will_topic); !valid)
      throw failure(
          "'" + printable(*what.will_topic) + "' is not a valid topic of a will: " + std::string{words(valid.error())},
          std::string{remedy_of_topic(valid.error())});
  if (what.no_retained && what.retained_only)
    throw failure("-R and --retained-only together leave nothing to print", "give one of them");
  if (what.repeat > 1 && what.from == input::lines)
    throw failure("--repeat does not go with -l", "give the message by -m, -f, -s or -n");
  const bool aliased = what.publish.has(mqtt::property::topic_alias);
  if (aliased && (what.qos != mqtt::qos::at_most_once || what.topics.empty()))
    throw failure("a topic alias by hand goes with QoS 0 and a topic only", "add -t TOPIC and leave -q out");
}

void check_output(const settings& what) {
  if (what.message_rate &&
      (what.in_place || what.format || what.json || what.verbose || what.no_newline || what.pretty))
    throw failure("--message-rate prints numbers instead of messages", "leave the other options of output out");
  if (what.in_place && (what.no_newline || what.json))
    throw failure("--watch gives each topic a line", "leave -N and --json out");
}

/// True if -o is among the options, and not only among their values.
bool names_own_file(tool which, std::span<const std::string_view> words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i].starts_with("--options=")) return true;
    const option* what = find_option(which, words[i]);
    if (what == nullptr || what->argument.empty()) continue;
    if (what->letter == 'o') return true;
    const bool user = what->letter == 'D' && i + 2 < words.size() && words[i + 2] == "user-property";
    i += what->letter != 'D' ? 1 : user ? 4 : 3;
  }
  return false;
}

}  // namespace

std::string_view name_of(tool which) { return which == tool::pub ? "pub" : which == tool::sub ? "sub" : "rr"; }

void check_tls(settings& what) {
  if (what.no_tls && what.secure)
    throw failure("--no-tls contradicts the other options, which ask for TLS", "give one or the other");
  if (what.port == 8883 && !what.no_tls) what.secure = true;
  if (!what.key.empty() && what.certificate.empty())
    throw failure("--key needs --cert", "give the certificate of that key by --cert");
  if (!what.pass_phrase_file.empty() && what.certificate.empty())
    throw failure("--passphrase-file opens the key of --cert, and none is given",
                  "add --cert FILE, and --key FILE if its key is in another one, or leave it out");
  if (!what.psk.empty() && what.psk_identity.empty()) throw failure("--psk needs --psk-identity", "add its name");
  if (what.psk.empty() && !what.psk_identity.empty()) throw failure("--psk-identity needs --psk", "add the key");
  if (!what.psk.empty() && (!what.ca_file.empty() || !what.ca_path.empty()))
    throw failure("a pre-shared key and certificates are both given", "give --psk or --cafile");
  const bool of_certificates = !what.certificate.empty() || what.insecure || what.show_chain || !what.crl_file.empty();
  if (!what.psk.empty() && !what.system_store && of_certificates)
    throw failure("with a pre-shared key alone there are no certificates, and options about them are given",
                  "leave out --cert, --key, --crlfile, --chain and --insecure");
  if (!what.ciphers.empty() && what.tls_version == "tlsv1.3")
    throw failure("--ciphers are those of TLS 1.2, and only TLS 1.3 is asked for",
                  "leave out --ciphers or --tls-version");
  const bool unused = !what.certificate.empty() || what.insecure || what.show_chain || !what.crl_file.empty() ||
                      !what.ciphers.empty() || !what.alpn.empty() || !what.key_log.empty();
  if (unused && !what.secure)
    throw failure("TLS options are given, but nothing that selects TLS", "add --cafile FILE or --tls-use-os-certs");
}

std::string read_arguments(settings& to, std::span<const std::string_view> words) {
  if (!names_own_file(to.which, words)) read_defaults(to);
  while (!words.empty()) {
    if (words[0] == "--help") return help_of(to.which);
    if (words[0] == "--version") return "recado " + std::string{name_of(to.which)} + " version " RECADO_VERSION "\n";
    to.given.push_back(find_option(to.which, words[0].substr(0, words[0].find('='))));
    words = words.subspan(apply(to, words, 0));
  }
  if (!to.version) {
    const bool newer = to.any_property || to.which == tool::rr;
    to.version = newer ? mqtt::version::v5_0 : mqtt::version::v3_1_1;
  }
  check_topics(to);
  check_session(to);
  check_tls(to);
  check_route(to);
  check_output(to);
  check_effects(to);
  return {};
}

}  // namespace recado::app::tools
