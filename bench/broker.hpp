// A broker that only measures: a sink for what is published and a source for who subscribes, so that no client ever
// waits for it. It looks at fixed headers, answers all of one read with one write, and sends ready-made PUBLISH
// packets in writes of 64 KiB.
//
// - PUBLISH is counted, and answered as its QoS asks; one to "echo" is sent back as it came, with QoS 0.
// - SUBSCRIBE to "source/QOS/SIZE/COUNT" makes it send COUNT messages to that topic; with "/TOPICS" behind it they go
// to
//   "room/00000/is" and so many others, in a mixed order.
// - When a connection ends one line of JSON says what came through it, and when.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/ssl.h>

namespace bench {

using byte_vector = std::vector<unsigned char>;

/// In ns, from some moment on.
std::int64_t monotonic();

/// A socket with or without TLS. All calls return bytes, 0 if there are none or no room now, -1 at the end.
class channel {
 public:
  channel(int fd, SSL_CTX* tls);
  ~channel();
  channel(const channel&) = delete;
  channel& operator=(const channel&) = delete;
  long read(unsigned char* to, std::size_t room);
  long write(const unsigned char* from, std::size_t size);
  int fd() const { return fd_; }

 private:
  long result_of(int done);
  int fd_;
  SSL* ssl_ = nullptr;
};

/// Ready-made messages, and how far they are sent.
class source {
 public:
  /// `filter` is "source/QOS/SIZE/COUNT" or "source/QOS/SIZE/COUNT/TOPICS"; anything else sends nothing.
  source(std::string_view filter, int version, std::size_t window);
  /// The next bytes: nothing if all is sent or too much is unacknowledged.
  std::span<const unsigned char> next() const;
  void sent(std::size_t n) { sent_ += n; }
  void acknowledged(std::uint64_t n) { acknowledged_ += n; }

 private:
  byte_vector ring_;          // whole packets, with different identifiers
  std::size_t packet_ = 1;    // bytes of one
  std::uint64_t total_ = 0;   // bytes of all
  std::uint64_t sent_ = 0;    // bytes
  std::uint64_t window_ = 0;  // packets; 0: no limit
  std::uint64_t acknowledged_ = 0;
};

/// One client.
class connection {
 public:
  connection(int fd, SSL_CTX* tls, std::size_t window);
  ~connection() { report(); }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  /// Reads, answers and sends as far as it goes; false at the end.
  bool turn(std::span<unsigned char> memory);
  int fd() const { return channel_.fd(); }

 private:
  bool flush();
  std::size_t parse(std::span<const unsigned char> in);
  void packet(std::span<const unsigned char> all, std::size_t header);
  void publish(std::span<const unsigned char> head, std::size_t header);
  void connect(std::span<const unsigned char> body);
  void subscribe(std::span<const unsigned char> body);
  void answer(unsigned char type, std::span<const unsigned char> identifier);
  void report() const;

  channel channel_;
  std::size_t window_;
  byte_vector rest_;      // the beginning of a packet
  std::size_t skip_ = 0;  // bytes of a payload that nobody looks at
  byte_vector out_;
  std::size_t out_sent_ = 0;
  std::unique_ptr<source> source_;
  int version_ = 4;
  std::uint64_t publishes_ = 0, completed_ = 0, bytes_ = 0;
  std::int64_t first_ = 0, last_ = 0, cpu_ = 0;
  bool moved_ = false;
};

}  // namespace bench
