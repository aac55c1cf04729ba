// One TLS connection after another: what stands behind `filter`. For sources of the back end only.
#pragma once

#include <optional>

#include <recado/tls/event.hpp>
#include <recado/tls/openssl/context.hpp>
#include <recado/tls/openssl/judge.hpp>
#include <recado/tls/openssl/transport.hpp>
#include <recado/wire/machine.hpp>

namespace recado::tls::openssl {

class connection {
 public:
  connection(context& shared, mutable_bytes outgoing, mutable_bytes plaintext);

  /// Gives OpenSSL's context the callbacks that lead here.
  static void prepare(SSL_CTX* shared, const client_options& options);

  std::expected<void, error> set_peer(std::string_view host);
  void opened(instant now);
  void lost(fault why);
  std::optional<event> receive(bytes& in, instant now);
  bytes pending();
  void sent(std::size_t n) { ends_.out.pop(n); }
  instant deadline() const;
  bool ready() const { return stage_ == stage::secured && !closing_ && !lost_; }
  bytes plaintext() const { return plaintext_.subspan(head_, tail_ - head_); }
  void consumed(std::size_t n);
  std::size_t write(bytes out);
  void close();

 private:
  enum class stage : std::uint8_t { idle, handshaking, secured, ended };
  /// What OpenSSL tells about the handshake, for the words afterwards.
  struct noticed {
    bool first_bytes = false;  // the server's first bytes were looked at
    bool certificate_asked = false;
    bool psk_asked = false;
    bool psk_ignored = false;  // a certificate came where only a pre-shared key was offered
    bool session_offered = false;
    std::optional<std::uint8_t> alert;
    std::uint16_t chosen_version = 0;
  };

  static connection& of(const SSL* ssl);
  static int on_verify(X509_STORE_CTX* store, void*);
  static int on_session(SSL* ssl, SSL_SESSION* session);
  static void on_key(const SSL* ssl, const char* line);
  static unsigned on_psk(SSL* ssl, const char* hint, char* identity, unsigned identity_size, unsigned char* key,
                         unsigned key_size);
  static void on_info(const SSL* ssl, int where, int value);
  static void on_message(int sending, int version, int type, const void* data, std::size_t size, SSL* ssl, void*);

  bool begin(instant now);
  bool adopt();
  int step(bytes& in);
  bool set_name();
  void offer_session();
  bool still_good(const SSL_SESSION* session) const;
  void set_time(instant now);
  std::optional<event> handshake(bytes& in, instant now);
  std::optional<event> transfer(bytes& in);
  std::optional<event> told();
  bool speaks_tls(bytes in);
  int decrypt(bytes& in, bool& got);
  void make_room();
  secured what_is_secured() const;
  void conclude_loss();
  void become_secured();
  void end(fault why);
  void end_by_openssl();
  fault fault_of_openssl() const;
  fault fault_of_reason() const;
  void write_cause();
  void write_verdict(text_sink& out) const;
  bool verifies() const { return shared_.options_.check != peer_check::nothing_anyone_may_answer; }
  bool psk_given() const { return shared_.psk_.size != 0; }

  context& shared_;
  mutable_bytes plaintext_;
  std::size_t head_ = 0, tail_ = 0;
  transport ends_;
  ssl_handle ssl_;
  fixed_string<host_bytes_max> host_;
  bool literal_ = false;  // the host is an IP address

  stage stage_ = stage::idle;
  bool closing_ = false;
  bool farewell_due_ = false;  // close_notify found no room yet
  bool output_stuck_ = false;  // OpenSSL waits for room before it goes on
  bool secured_due_ = false, closed_due_ = false;
  bool heard_ = false;  // plaintext has arrived
  fault lost_{}, end_{};
  instant patience_{never};
  noticed seen_;
  judgement judged_;
  circumstances checked_;
  unsigned to_report_ = 0;  // certificates not yet told
  certificate reported_;
  std::array<char, cause_bytes_max> cause_memory_{};
  std::string_view cause_;
  unsigned long reason_ = 0;  // OpenSSL's first error
};

}  // namespace recado::tls::openssl
