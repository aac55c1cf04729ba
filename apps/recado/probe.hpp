// `recado probe`: one rung of the ladder alone, with every packet shown.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <recado/core/address.hpp>
#include <recado/core/fault.hpp>
#include <recado/core/instant.hpp>
#include <recado/drive/posix/loop.hpp>
#include <recado/drive/posix/tcp_stream.hpp>
#include <recado/drive/tap.hpp>
#include <recado/mqtt/types.hpp>

#include "command.hpp"
#include "console.hpp"

namespace recado::app::probe {

/// What all probes share.
struct common_options {
  double timeout_s = 15;
  std::string interface;
  std::vector<std::string> dns_servers;  ///< to ask for the host; none: the system's resolver
  bool show_secrets = false;
  bool for_programs = false;  ///< the output is for a program: what passes is told on standard error
};

/// Where it is told what passes.
inline console& told(const common_options& how) { return how.for_programs ? err() : out(); }

/// Where a stream goes, and how it is secured.
struct stream_options : common_options {
  std::string host;
  std::uint16_t port = 0;
  std::string ca_file, ca_path, certificate_file, key_file, pass_phrase_file, crl_file;
  std::string tls_version, alpn = "mqtt", tls_backend = "openssl";
  std::string key_log_file;
  bool system_store = false;
  bool insecure = false;
  bool secure = false;  ///< TLS is wanted, by --tls or by an option that makes no sense without it
};

int dhcp(const common_options& how, const std::string& inform, bool keep, double arp_s);
int dns(const common_options& how, const std::string& name, const std::vector<std::string>& servers, int family);
int ntp(const common_options& how, const std::string& server, std::uint16_t port, unsigned samples);
int tls(const stream_options& how);

/// What `probe mqtt` says of itself.
struct mqtt_options : stream_options {
  std::string client_id, user_name, password, password_file;
  unsigned keep_alive_s = 60;
  mqtt::version version = mqtt::version::v5_0;
  bool has_user_name = false, has_password = false;
  bool table = false, json = false;  ///< say what the broker supports instead of showing packets
};
int mqtt(const mqtt_options& how);
/// What a broker supports, by its announcements and by trying; as a table or as JSON.
int survey(const mqtt_options& how);

/// Shows what passes, field by field, each packet with direction and time since the start.
class watch final : public tap {
 public:
  /// Prints the fields of one datagram, or of the wire bytes of a stream.
  using printer = std::function<void(direction, bytes, text_sink&)>;
  /// Prints the packets at the front of `data` and answers how many bytes they took; the rest comes again with more.
  using packet_printer = std::function<std::size_t(direction, bytes data, text_sink&)>;

  explicit watch(console& to);
  void datagrams(std::string_view protocol, printer how) { protocol_ = protocol, print_datagram_ = std::move(how); }
  void wire(packet_printer how) { print_wire_ = std::move(how); }
  void plaintext(packet_printer how) { print_plaintext_ = std::move(how); }

  void datagram_seen(direction way, const endpoint& local, const endpoint& peer, bytes payload, instant when) override;
  void datagram_failed(const endpoint& peer, fault why, instant when) override;
  void frame_seen(direction way, bytes frame, instant when) override;
  void stream_opened(const stream_identity& stream, instant when) override;
  void stream_bytes(const stream_identity& stream, direction way, content what, bytes data, instant when) override;
  void stream_closed(const stream_identity& stream, fault why, instant when) override;

  /// One line of our own, with its time.
  console& note(instant when);
  /// The first bytes that the peer sent on the wire.
  const std::string& first_bytes() const { return first_; }
  /// How many bytes the peer has sent on the wire.
  std::size_t received() const { return received_; }

 private:
  void head(direction way, instant when);
  void block(std::string_view text);
  void show(packet_printer& how, std::string& waiting, direction way, bytes data, instant when);

  console& to_;
  instant start_;
  std::string protocol_;
  printer print_datagram_;
  packet_printer print_wire_, print_plaintext_;
  std::string waiting_[2][2];  // by content and direction: half a packet
  std::string first_;
  std::size_t received_ = 0;
};

/// Text into a string.
class string_sink final : public text_sink {
 public:
  explicit string_sink(std::string& to) : to_(to) {}
  void write(std::string_view text) override { to_ += text; }

 private:
  std::string& to_;
};

/// Indents every line that goes through it.
class indented final : public text_sink {
 public:
  explicit indented(text_sink& below) : below_(below) {}
  void write(std::string_view text) override;

 private:
  text_sink& below_;
  bool at_start_ = true;
};

/// Prints TLS records: type, version, length, and what of the handshake is readable.
std::size_t print_tls_records(direction way, bytes data, text_sink& out);

/// The addresses of a host by the DNS servers named in `how`, else by the system's resolver, which is waited for no
/// longer than the whole probe may take. Says who answered what. Throws `failure`.
std::vector<endpoint> addresses_of(const common_options& how, const std::string& host, std::uint16_t port);
/// Asks with recado's own resolver and shows each packet. Throws `failure`.
std::vector<ip_address> ask_dns(const common_options& how, const std::string& name,
                                const std::vector<std::string>& servers, int family);
/// The DNS servers of the system's configuration, which is only read.
std::vector<endpoint> system_dns_servers();

posix::interface_name interface_of(const common_options& how);
duration patience_of(const common_options& how);
/// The fault as the failure that ends the command; `cause` replaces its words where a machine knew more.
failure failure_of(const fault& why, std::string_view cause = {});
/// For a probe that came to no end in its time.
failure too_late(const common_options& how, std::string_view what);
template <class T>
T checked(std::expected<T, fault> result) {
  if (!result) throw failure_of(result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace recado::app::probe
