#include <charconv>
#include <cstdlib>

#include <recado/core/byte_order_mark.hpp>

#include "../command.hpp"
#include "../small_file.hpp"
#include "option.hpp"

namespace recado::app::tools {
namespace {

constexpr unsigned p = 1, s = 2, r = 4, sr = s | r, pr = p | r, all = p | s | r;

[[noreturn]] void refuse(const std::string& cause, std::string remedy) { throw failure(cause, std::move(remedy)); }

template <class T>
T number(std::string_view value, std::string_view what, T least, T most) {
  T result{};
  const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), result);
  if (code != std::errc{} || end != value.data() + value.size() || result < least || result > most)
    refuse("'" + std::string{value} + "' is no " + std::string{what},
           "give a number from " + std::to_string(least) + " to " + std::to_string(most));
  return result;
}

duration seconds(std::string_view value, std::string_view what) {
  double result = -1;
  const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), result);
  if (code != std::errc{} || end != value.data() + value.size() || !(result >= 0 && result <= 1e9))
    refuse("'" + std::string{value} + "' is no " + std::string{what}, "give a number of seconds, such as 2 or 0.5");
  return std::chrono::duration_cast<duration>(std::chrono::duration<double>{result});
}

duration positive_seconds(std::string_view value, std::string_view what) {
  const duration result = seconds(value, what);
  if (result == duration{}) refuse("no time is given", "give a number of seconds greater than 0, such as 2 or 0.5");
  return result;
}

mqtt::qos qos_of(std::string_view value) {
  if (value.size() != 1 || value[0] < '0' || value[0] > '2')
    refuse("'" + std::string{value} + "' is no QoS", "give 0 (at most once), 1 (at least once) or 2 (exactly once)");
  return static_cast<mqtt::qos>(value[0] - '0');
}

void payload(settings& to, input from, std::string_view value) {
  if (to.from != input::none)
    refuse("more than one source of the message is given", "give one of -m, -f, -s, -l and -n");
  to.from = from, to.payload = value;
}

void version(settings& to, std::string_view value) {
  if (value == "5" || value == "mqttv5") to.version = mqtt::version::v5_0;
  else if (value == "311" || value == "mqttv311") to.version = mqtt::version::v3_1_1;
  else if (value == "31" || value == "mqttv31")
    refuse("MQTT 3.1 is not spoken", "give -V 311 or -V 5: brokers of the last ten years speak one of them");
  else refuse("'" + std::string{value} + "' is no version of MQTT", "give -V 5 or -V 311");
}

void durability(settings& to, std::string_view value) {
  using posix::durability;
  if (value == "none") to.session_durability = durability::none;
  else if (value == "flush") to.session_durability = durability::flush;
  else if (value == "fsync") to.session_durability = durability::fsync;
  else refuse("'" + std::string{value} + "' is no durability", "give none, flush or fsync");
}

void tls_version(settings& to, std::string_view value) {
  if (value == "tlsv1.1" || value == "tlsv1")
    refuse("TLS 1.0 and 1.1 are broken and never used (RFC 8996)", "give tlsv1.2 or tlsv1.3, and update the server");
  if (value != "tlsv1.2" && value != "tlsv1.3")
    refuse("'" + std::string{value} + "' is no version of TLS", "give tlsv1.2 or tlsv1.3");
  to.tls_version = value, to.secure = true;
}

void tls_library(settings& to, std::string_view value) {
  const auto known = tls_backend_of(value);
  if (!known) refuse("--tls-backend " + std::string{value}, std::string{tls_backend_trouble(value)});
  to.backend = *known, to.secure = true;
}

void key_form(settings&, std::string_view value) {
  if (value == "pem") return;
  if (value == "engine") refuse("OpenSSL's engines are not used", "give a key file in PEM or DER");
  refuse("'" + std::string{value} + "' is no form of a key", "give pem; DER is recognised by itself");
}

void engine(settings&, std::string_view) {
  refuse("OpenSSL's engines are not used: OpenSSL itself has given them up", "give a key file by --key");
}

void session_expiry(settings& to, std::string_view value) {
  if (value == "-1" || value == "∞") to.session_expiry_s = 0xffff'ffff;
  else to.session_expiry_s = number<std::uint32_t>(value, "session expiry", 0, 0xffff'ffff);
}

void password_from_file(settings& to, std::string_view path) {
  std::string content = read_small_file(std::string{path}, "the password file");
  if (content.empty())
    refuse("the password file '" + std::string{path} + "' is empty", "write the password into its first line");
  std::string_view line = std::string_view{content}.substr(0, content.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  to.password = without_byte_order_mark(line);
  wipe(std::as_writable_bytes(std::span{content}));
}

void password_from_environment(settings& to, std::string_view name) {
  const char* value = std::getenv(std::string{name}.c_str());
  if (value == nullptr)
    refuse("the environment has no variable '" + std::string{name} + "'", "set and export it, or use --pw-file");
  to.password = value;
}

constexpr option table[] = {
    {"help", 0, "", all, nullptr, "print this help"},
    {"version", 0, "", all, nullptr, "print the version"},
    // where to
    {"host", 'h', "HOST", all,
     [](settings& to, std::string_view v) { to.host = v, to.host_given = true; }, "the broker; localhost"},
    {"port", 'p', "PORT", all,
     [](settings& to, std::string_view v) { to.port = number<std::uint16_t>(v, "port", 1, 65'535); },
     "its port; 1883, or 8883 with TLS"},
    {"url", 'L', "URL", all, [](settings& to, std::string_view v) { read_url(to, v); },
     "all at once: mqtt(s)://[user[:password]@]host[:port]/topic, or ws(s)://… for WebSocket"},
    {"unix", 0, "PATH", all, [](settings& to, std::string_view v) { to.unix_path = v; },
     "the broker's Unix socket, instead of host and port; with TLS, -h is the name that is verified"},
    {"ws", 0, "", all, [](settings& to, std::string_view) { to.websocket = true; }, "MQTT in WebSocket"},
    {"ws-path", 0, "PATH", all,
     [](settings& to, std::string_view v) { to.websocket_path = v, to.websocket = true; },
     "the path that the broker's WebSocket has; /mqtt; selects WebSocket"},
    {"proxy", 0, "URL", all, [](settings& to, std::string_view v) { to.via = read_proxy(v); },
     "through a proxy: socks5h:// or http://, then [user[:password]@]host[:port]; it resolves the broker's name"},
    {"", 'S', "", all, [](settings& to, std::string_view) { to.by_service = true; },
     "ask the SRV records _mqtt._tcp of the host where its brokers are; _secure-mqtt._tcp with TLS"},
    {"", 'A', "ADDRESS", all, [](settings& to, std::string_view v) { to.bind_address = v; },
     "the address of this side, to choose an interface"},
    {"nodelay", 0, "", all, [](settings& to, std::string_view) { to.no_delay = true; },
     "send small packets at once; always so here, accepted for scripts"},
    {"mptcp", 0, "", all, [](settings& to, std::string_view) { to.multipath = true; },
     "use Multipath TCP where this system and the broker's have it, else TCP"},
    {"timeout", 0, "SECONDS", all,
     [](settings& to, std::string_view v) { to.timeout = positive_seconds(v, "time-out"); },
     "bound of every wait for an answer: name, connection, TLS, CONNACK, acknowledgements; 30"},
    {"reconnect", 0, "SECONDS", all, [](settings& to, std::string_view v) { to.reconnect = seconds(v, "time"); },
     "try so long to come back after a lost connection; 30, 0 for never; pub: with --session or -c"},
    {"references", 0, "COUNT", all,
     [](settings& to, std::string_view v) { to.references = number<std::uint8_t>(v, "count", 0, 16); },
     "follow servers that name another one in their place so many times in a row; 4, 0 for never"},
    // who
    {"id", 'i', "ID", all, [](settings& to, std::string_view v) { to.client_id = v; },
     "client identifier; if not given the broker makes one"},
    {"id-prefix", 'I', "PREFIX", all, [](settings& to, std::string_view v) { to.id_prefix = v; },
     "client identifier made of this and the process number"},
    {"username", 'u', "NAME", all, [](settings& to, std::string_view v) { to.user_name = v; }, "user name"},
    {"pw", 'P', "PASSWORD", all, [](settings& to, std::string_view v) { to.password = v; },
     "password; others see it in the process list, better:"},
    {"pw-file", 0, "FILE", all, password_from_file, "password from the first line of a file"},
    {"pw-env", 0, "VARIABLE", all, password_from_environment, "password from an environment variable"},
    // the session
    {"protocol-version", 'V', "VERSION", all, version, "5 (mqttv5) or 311 (mqttv311); 311, or 5 for rr and with -D"},
    {"keepalive", 'k', "SECONDS", all,
     [](settings& to, std::string_view v) { to.keep_alive_s = number<std::uint16_t>(v, "keep alive", 0, 65'535); },
     "the longest silence; 60, 0 turns it off"},
    {"disable-clean-session", 'c', "", all, [](settings& to, std::string_view) { to.keep_session = true; },
     "keep the session at the broker; needs --id"},
    {"session", 0, "DIR", p | s, [](settings& to, std::string_view v) { to.session = v, to.keep_session = true; },
     "keep the session in a folder: after a crash or the loss of power the next run goes on there"},
    {"session-durability", 0, "HOW", p | s, durability,
     "what it survives: none (a tidy end), flush (a crash), fsync (the loss of power); fsync"},
    {"session-expiry-interval", 'x', "SECONDS", all, session_expiry,
     "how long the broker keeps the session; -1 for ever (5.0 only)"},
    {"property", 'D', "PACKET NAME VALUE", all, nullptr,
     "a property of CONNECT, PUBLISH, SUBSCRIBE, UNSUBSCRIBE, WILL or DISCONNECT; selects 5.0"},
    {"", 'M', "COUNT", all,
     [](settings& to, std::string_view v) { to.in_flight = number<std::uint16_t>(v, "count", 1, 65'535); },
     "messages of QoS 1 and 2 on their way at a time, at most; what the broker announces (5.0), else 20"},
    // messages
    {"topic", 't', "TOPIC", all, [](settings& to, std::string_view v) { to.topics.emplace_back(v); },
     "topic; sub: filter, may be repeated"},
    {"response-topic", 'e', "TOPIC", r, [](settings& to, std::string_view v) { to.response_topic = v; },
     "where the answer is awaited"},
    {"qos", 'q', "QOS", all, [](settings& to, std::string_view v) { to.qos = qos_of(v); }, "0, 1 or 2; 0"},
    {"message", 'm', "TEXT", pr, [](settings& to, std::string_view v) { payload(to, input::argument, v); },
     "the message"},
    {"file", 'f', "FILE", pr, [](settings& to, std::string_view v) { payload(to, input::file, v); },
     "a file as the message"},
    {"stdin-line", 'l', "", p, [](settings& to, std::string_view v) { payload(to, input::lines, v); },
     "each line of standard input as a message"},
    {"stdin-file", 's', "", pr, [](settings& to, std::string_view v) { payload(to, input::whole, v); },
     "all of standard input as the message"},
    {"null-message", 'n', "", pr, [](settings& to, std::string_view v) { payload(to, input::null, v); },
     "an empty message"},
    {"retain", 'r', "", p, [](settings& to, std::string_view) { to.retain = true; }, "the broker keeps the message"},
    {"repeat", 0, "COUNT", p,
     [](settings& to, std::string_view v) { to.repeat = number<std::uint64_t>(v, "count", 1, 1'000'000'000'000); },
     "publish it so many times"},
    {"repeat-delay", 0, "SECONDS", p,
     [](settings& to, std::string_view v) { to.repeat_delay = seconds(v, "delay"); }, "and wait in between"},
    {"will-topic", 0, "TOPIC", all, [](settings& to, std::string_view v) { to.will_topic = v; },
     "topic of the message that the broker sends if this client vanishes"},
    {"will-payload", 0, "TEXT", all, [](settings& to, std::string_view v) { to.will_payload = v; }, "its text"},
    {"will-qos", 0, "QOS", all,
     [](settings& to, std::string_view v) { to.will_qos = qos_of(v), to.will_qos_given = true; }, "its QoS"},
    {"will-retain", 0, "", all, [](settings& to, std::string_view) { to.will_retain = true; }, "it is retained"},
    // receiving
    {"filter-out", 'T', "FILTER", s, [](settings& to, std::string_view v) { to.filters_out.emplace_back(v); },
     "don't print what matches; may be repeated"},
    {"unsubscribe", 'U', "FILTER", s, [](settings& to, std::string_view v) { to.unsubscribe.emplace_back(v); },
     "unsubscribe; may be repeated"},
    {"", 'C', "COUNT", s,
     [](settings& to, std::string_view v) { to.count = number<std::uint64_t>(v, "count", 1, 1'000'000'000'000); },
     "end after so many messages"},
    {"", 'E', "", s, [](settings& to, std::string_view) { to.exit_after_subscribe = true; },
     "end when all subscriptions are acknowledged"},
    {"", 'W', "SECONDS", sr, [](settings& to, std::string_view v) { to.wait = positive_seconds(v, "time"); },
     "end after so long, with exit status 27"},
    {"", 'R', "", sr, [](settings& to, std::string_view) { to.no_retained = true; }, "don't print retained messages"},
    {"retained-only", 0, "", s, [](settings& to, std::string_view) { to.retained_only = true; },
     "only retained messages; end at the first other"},
    {"remove-retained", 0, "", s, [](settings& to, std::string_view) { to.remove_retained = true; },
     "clear the retained messages that arrive"},
    {"retain-as-published", 0, "", sr, [](settings& to, std::string_view) { to.retain_as_published = true; },
     "the retain flag as the publisher set it (5.0 only)"},
    {"retain-handling", 0, "WHEN", sr,
     [](settings& to, std::string_view v) {
       if (v == "always") v = "0";
       if (v == "new") v = "1";
       if (v == "never") v = "2";
       to.retain_handling = number<unsigned>(v, "retain handling", 0, 2);
     },
     "retained messages: always, new (only with a new subscription) or never (5.0 only)"},
    {"random-filter", 0, "PERCENT", s,
     [](settings& to, std::string_view v) {
       const auto [end, code] = std::from_chars(v.data(), v.data() + v.size(), to.random_percent);
       if (code != std::errc{} || end != v.data() + v.size() || !(to.random_percent > 0 && to.random_percent <= 100))
         refuse("'" + std::string{v} + "' is no percentage", "give a number from 0.1 to 100");
     },
     "print only this share of the messages, drawn by lot"},
    {"max-message", 0, "BYTES", sr,
     [](settings& to, std::string_view v) {
       to.message_max = number<std::uint64_t>(v, "size", 1, 268'435'456);
     },
     "the longest message that is gathered; 268435456"},
    // output
    {"", 'F', "FORMAT", sr, [](settings& to, std::string_view v) { check_format(v), to.format = v; },
     "how messages are printed, see the manual: %t %p %j …"},
    {"", 'N', "", sr, [](settings& to, std::string_view) { to.no_newline = true; }, "no line end behind a message"},
    {"verbose", 'v', "", sr, [](settings& to, std::string_view) { to.verbose = true; }, "print topic and message"},
    {"pretty", 0, "", sr, [](settings& to, std::string_view) { to.pretty = true; }, "JSON on several lines"},
    {"message-rate", 0, "", s, [](settings& to, std::string_view) { to.message_rate = true; },
     "instead of messages print each second how many came"},
    {"watch", 'w', "", s, [](settings& to, std::string_view) { to.in_place = true; },
     "print each topic's messages on a line of the terminal of its own"},
    {"latency", 0, "", r, [](settings& to, std::string_view) { to.latency = true; },
     "print the time from the request to its answer"},
    {"json", 0, "", all, [](settings& to, std::string_view) { to.json = true; },
     "one line of JSON for each message and event"},
    {"quiet", 0, "", all, [](settings& to, std::string_view) { to.quiet = true; }, "no messages about errors"},
    {"debug", 'd', "", all, [](settings& to, std::string_view) { to.debug = true; },
     "a line for each packet, in the words of mosquitto's clients"},
    {"trace", 0, "", all, [](settings& to, std::string_view) { to.trace = true; },
     "each packet with all its fields, direction and time, on standard error"},
    {"pcapng", 0, "FILE", all, [](settings& to, std::string_view v) { to.pcapng = v; },
     "record the connection for Wireshark, with the keys of TLS"},
    {"stats", 0, "", all, [](settings& to, std::string_view) { to.stats = true; },
     "totals at the end, and the memory that it took"},
    {"show-secrets", 0, "", all, [](settings& to, std::string_view) { to.show_secrets = true; },
     "print passwords where else stands their length"},
    // TLS
    {"cafile", 0, "FILE", all, [](settings& to, std::string_view v) { to.ca_file = v, to.secure = true; },
     "trusted authorities, PEM or DER; selects TLS"},
    {"capath", 0, "FOLDER", all, [](settings& to, std::string_view v) { to.ca_path = v, to.secure = true; },
     "a folder of them, prepared by openssl rehash, or several with : between; selects TLS"},
    {"tls-use-os-certs", 0, "", all,
     [](settings& to, std::string_view) { to.system_store = true, to.secure = true; },
     "trust what the system trusts; selects TLS"},
    {"no-tls", 0, "", all, [](settings& to, std::string_view) { to.no_tls = true; }, "no TLS, even on port 8883"},
    {"cert", 0, "FILE", all, [](settings& to, std::string_view v) { to.certificate = v; }, "this client's certificate"},
    {"key", 0, "FILE", all, [](settings& to, std::string_view v) { to.key = v; }, "its private key"},
    {"passphrase-file", 0, "FILE", all, [](settings& to, std::string_view v) { to.pass_phrase_file = v; },
     "pass phrase of the key, from the first line of a file; else it is asked for on the terminal"},
    {"keyform", 0, "FORM", all, key_form, "pem"},
    {"ciphers", 0, "LIST", all, [](settings& to, std::string_view v) { to.ciphers = v; },
     "cipher suites of TLS 1.2, in OpenSSL's words"},
    {"tls-version", 0, "VERSION", all, tls_version, "only tlsv1.2 or only tlsv1.3; both if not given"},
    {"tls-backend", 0, "LIBRARY", all, tls_library, "openssl, or mbedtls as on a board"},
    {"tls-alpn", 0, "NAME", all, [](settings& to, std::string_view v) { to.alpn = v; }, "protocol to ask for by ALPN"},
    {"tls-keylog", 0, "FILE", all, [](settings& to, std::string_view v) { to.key_log = v; },
     "append the connection's secrets to a file, for Wireshark"},
    {"crlfile", 0, "FILE", all, [](settings& to, std::string_view v) { to.crl_file = v; },
     "revocation list of the authority"},
    {"chain", 0, "", all, [](settings& to, std::string_view) { to.show_chain = true; },
     "show the broker's certificates"},
    {"insecure", 0, "", all, [](settings& to, std::string_view) { to.insecure = true; },
     "accept a certificate for another name: anyone with one of that authority can listen in"},
    {"psk", 0, "HEX", all, [](settings& to, std::string_view v) { to.psk = v, to.secure = true; },
     "pre-shared key instead of certificates; selects TLS"},
    {"psk-identity", 0, "NAME", all, [](settings& to, std::string_view v) { to.psk_identity = v; }, "and its name"},
    {"tls-engine", 0, "ENGINE", all, engine, "refused: see the manual"},
    {"tls-engine-kpass-sha1", 0, "HASH", all, engine, "refused: see the manual"},
    {"options", 'o', "FILE", all, nullptr, "read options from a file, one a line"},
};

}  // namespace

std::span<const option> options() { return table; }

const option* find_option(tool which, std::string_view word) {
  if (word.size() < 2 || word[0] != '-') return nullptr;
  const bool is_long = word[1] == '-';
  for (const option& each : table) {
    const bool named =
        is_long ? !each.name.empty() && each.name == word.substr(2) : word.size() == 2 && each.letter == word[1];
    if (named && each.belongs_to(which)) return &each;
  }
  return nullptr;
}

}  // namespace recado::app::tools
