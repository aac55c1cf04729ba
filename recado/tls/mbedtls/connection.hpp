// One TLS connection after another: what stands behind `filter`. For sources of the back end only.
#pragma once

#include <array>
#include <optional>

#include <mbedtls/ssl.h>

#include <recado/tls/event.hpp>
#include <recado/tls/mbedtls/context.hpp>
#include <recado/tls/mbedtls/judge.hpp>
#include <recado/tls/mbedtls/loaded.hpp>
#include <recado/tls/mbedtls/session.hpp>
#include <recado/tls/ring.hpp>
#include <recado/wire/machine.hpp>

namespace recado::tls::mbedtls {

class connection {
 public:
  connection(context& shared, mutable_bytes outgoing, mutable_bytes plaintext);
  ~connection() { release_all(); }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  std::expected<void, error> set_peer(std::string_view host);
  void opened(instant now);
  void lost(fault why);
  std::optional<event> receive(bytes& in, instant now);
  bytes pending();
  void sent(std::size_t n) { out_.pop(n); }
  instant deadline() const;
  bool ready() const { return stage_ == stage::secured && !closing_ && !lost_; }
  bytes plaintext() const { return plaintext_.subspan(head_, tail_ - head_); }
  void consumed(std::size_t n);
  std::size_t write(bytes out, instant now);
  void close(instant now);

 private:
  enum class stage : std::uint8_t { idle, handshaking, secured, ended };
  /// What was seen of the handshake, for the words afterwards.
  struct noticed {
    std::array<std::byte, 11> first{};  // of what the server sent, as far as a ServerHello's version
    std::uint8_t first_size = 0;
    bool first_looked_at = false;
    bool certificate_asked = false;
    bool certificate_seen = false;
    bool psk_ignored = false;  // a certificate came where only a pre-shared key was offered
    bool session_offered = false;
    bool algorithm_missing = false;
    std::optional<std::uint8_t> alert;
    std::uint16_t group = 0;
    std::size_t refusals = 0;  // of memory, before the handshake
  };

  static int on_send(void* self, const unsigned char* data, std::size_t size);
  static int on_receive(void* self, unsigned char* data, std::size_t size);
  static int on_verify(void* self, mbedtls_x509_crt* one, int depth, std::uint32_t* flags);
  static void on_key(void* self, mbedtls_ssl_key_export_type kind, const unsigned char* secret, std::size_t size,
                     const unsigned char client_random[32], const unsigned char server_random[32],
                     mbedtls_tls_prf_types prf);

  int begin(instant now);
  int set_name();
  void offer_session();
  bool still_good(const kept_session& kept) const;
  void keep_session();
  void set_clock(instant now);
  int step(bytes& in);
  void notice();
  std::optional<event> handshake(bytes& in, instant now);
  std::optional<event> transfer(bytes& in);
  std::optional<event> told();
  bool speaks_tls(bytes in);
  int decrypt(bytes& in, bool& got);
  int read_some(bytes& in, bool& got);
  void make_room();
  bool flushed();
  secured what_is_secured() const;
  void conclude_loss();
  void become_secured();
  void end(fault why);
  void end_by(int code);
  void look_into_certificates();
  fault fault_of(int code) const;
  fault fault_of_certificate() const;
  bool lacked_memory() const;
  fault fault_of_code(int code) const;
  std::uint16_t chosen_version() const;
  void write_cause();
  void write_verdict(text_sink& out) const;
  void release_all();
  rules rules_now() const;
  const client_options& options() const { return used_->options; }
  bool verifies() const { return options().check != peer_check::nothing_anyone_may_answer; }

  // Flags and small numbers come first: there a Cortex-M reaches them with short instructions.
  stage stage_ = stage::idle;
  bool literal_ = false;  // the host is an IP address
  bool closing_ = false;
  bool farewell_due_ = false;  // close_notify found no room yet
  bool output_stuck_ = false;  // Mbed TLS waits for room before it goes on
  bool secured_due_ = false, closed_due_ = false;
  bool heard_ = false;      // plaintext has arrived
  unsigned to_report_ = 0;  // certificates not yet told
  int code_ = 0;            // Mbed TLS's error
  fault lost_{}, end_{};
  context& shared_;
  loaded_options* used_ = nullptr;  // while there is a connection
  mutable_bytes plaintext_;
  std::size_t head_ = 0, tail_ = 0;
  bytes* in_ = nullptr;  // set while Mbed TLS works
  std::string_view cause_;
  instant patience_{never};

  ring out_;
  mbedtls_ssl_context ssl_;
  fixed_string<host_bytes_max> host_{};
  noticed seen_{};
  judgement judged_;
  circumstances checked_{};
  std::array<char, cause_bytes_max> cause_memory_{};
};

}  // namespace recado::tls::mbedtls
