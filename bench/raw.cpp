// The limit of the machine: ready-made packets in writes of 64 KiB, and a reader that looks at nothing. No client can
// be faster than the system calls, the copies and the encryption that are left then.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "scenario.hpp"

namespace {

using bytes = std::vector<unsigned char>;
constexpr std::size_t write_bytes = 64 << 10;
constexpr std::size_t identifiers = 16'000;  // in a ring, in their order
constexpr std::size_t ring_bytes = 1 << 20;

/// A blocking socket, with or without OpenSSL.
class wire {
 public:
  explicit wire(const bench::scenario& how) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET, to.sin_port = htons(how.port), to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) bench::give_up("no connection");
    const int yes = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (how.ca_file.empty()) return;
    SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_load_verify_locations(context, how.ca_file.c_str(), nullptr);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
    ssl_ = SSL_new(context);
    SSL_set_fd(ssl_, fd_);
    if (SSL_connect(ssl_) != 1) bench::give_up("no TLS");
  }
  ~wire() {
    if (ssl_ != nullptr) SSL_shutdown(ssl_);
    shutdown(fd_, SHUT_WR);
    unsigned char left[4096];
    while (::read(fd_, left, sizeof left) > 0) continue;
    close(fd_);
  }
  wire(const wire&) = delete;
  wire& operator=(const wire&) = delete;

  std::size_t read(std::span<unsigned char> to) {
    const long got =
        ssl_ != nullptr ? SSL_read(ssl_, to.data(), static_cast<int>(to.size())) : recv(fd_, to.data(), to.size(), 0);
    if (got <= 0) bench::give_up("the connection was lost");
    return static_cast<std::size_t>(got);
  }
  void write(std::span<const unsigned char> from) {
    while (!from.empty()) {
      const long taken = ssl_ != nullptr ? SSL_write(ssl_, from.data(), static_cast<int>(from.size()))
                                         : send(fd_, from.data(), from.size(), MSG_NOSIGNAL);
      if (taken <= 0) bench::give_up("the connection was lost");
      from = from.subspan(static_cast<std::size_t>(taken));
    }
  }

 private:
  int fd_;
  SSL* ssl_ = nullptr;
};

void put_length(bytes& to, std::size_t length) {
  do {
    to.push_back(static_cast<unsigned char>((length & 0x7f) | (length > 0x7f ? 0x80 : 0)));
    length >>= 7;
  } while (length != 0);
}

bytes connect_packet(int version) {
  bytes out{0x10,
            static_cast<unsigned char>(version == 5 ? 14 : 13),
            0,
            4,
            'M',
            'Q',
            'T',
            'T',
            static_cast<unsigned char>(version),
            2,
            0,
            60};
  if (version == 5) out.push_back(0);
  out.insert(out.end(), {0, 1, 'r'});
  return out;
}

/// Whole packets whose identifiers count from 1.
bytes publish_ring(const bench::scenario& how, std::size_t& packet) {
  bytes ring;
  const std::string topic = how.topic();
  const std::size_t length = 2 + topic.size() + (how.qos != 0 ? 2 : 0) + (how.version == 5 ? 1 : 0) + how.size;
  const std::size_t enough = how.qos != 0 ? ring_bytes : write_bytes;
  for (std::size_t id = 1; id <= identifiers && (id == 1 || ring.size() + packet <= enough); ++id) {
    ring.push_back(static_cast<unsigned char>(0x30 | how.qos << 1));
    put_length(ring, length);
    ring.insert(ring.end(), {0, static_cast<unsigned char>(topic.size())});
    ring.insert(ring.end(), topic.begin(), topic.end());
    if (how.qos != 0) ring.insert(ring.end(), {static_cast<unsigned char>(id >> 8), static_cast<unsigned char>(id)});
    if (how.version == 5) ring.push_back(0);
    ring.insert(ring.end(), how.size, 'x');
    if (id == 1) packet = ring.size();
  }
  return ring;
}

/// PUBACK or PUBREL for the identifiers of a ring with `count` packets.
bytes answer_ring(unsigned char type, std::size_t count) {
  bytes ring;
  for (std::size_t id = 1; id <= count; ++id)
    ring.insert(ring.end(), {type, 2, static_cast<unsigned char>(id >> 8), static_cast<unsigned char>(id)});
  return ring;
}

/// Writes packets `from` to `until` of an endless repetition of the ring.
void write_packets(wire& to, const bytes& ring, std::size_t packet, std::uint64_t from, std::uint64_t until) {
  for (std::uint64_t at = from * packet; at < until * packet;) {
    const std::size_t place = at % ring.size();
    const auto part = std::span{ring}.subspan(
        place, std::min<std::uint64_t>({until * packet - at, ring.size() - place, write_bytes}));
    to.write(part);
    at += part.size();
  }
}

/// QoS 1 and 2: keeps at most half a ring in flight. All answers have four bytes, and PUBREC comes before PUBCOMP.
void publish_answered(wire& to, const bench::scenario& how, const bytes& ring, std::size_t packet) {
  const std::size_t places = ring.size() / packet;
  const std::uint64_t window = std::min<std::uint64_t>(places / 2 + 1, how.in_flight);
  const bytes releases = answer_ring(0x62, places);
  bytes in(256 << 10);
  std::uint64_t sent = 0, received = 0, released = 0, completed = 0;
  std::size_t left = 0;
  while (completed < how.count) {
    const std::uint64_t until = std::min(how.count, completed + window);
    const std::uint64_t room = until - sent;
    if (room != 0 && (room >= window / 2 || until == how.count)) {
      write_packets(to, ring, packet, sent, until);
      sent = until;
    }
    left += to.read(std::span{in}.subspan(left));
    for (std::size_t i = 0; i + 4 <= left; i += 4) ++(in[i] == 0x50 ? received : completed);
    std::memmove(in.data(), in.data() + left / 4 * 4, left % 4);
    left %= 4;
    if (received != released) write_packets(to, releases, 4, released, received), released = received;
  }
}

void publish(wire& to, const bench::scenario& how) {
  std::size_t packet = 0;
  const bytes ring = publish_ring(how, packet);
  bench::meter meter;
  meter.start();
  if (how.qos == 0) write_packets(to, ring, packet, 0, how.count);
  else publish_answered(to, how, ring, packet);
  meter.stop();
  meter.report("raw", how, how.count);
}

/// All packets have the same size, so that bytes are enough to count them.
void receive(wire& from, const bench::scenario& how) {
  const std::string topic = how.source();
  const std::size_t body = 2 + topic.size() + (how.qos != 0 ? 2 : 0) + (how.version == 5 ? 1 : 0) + how.size;
  bytes head;
  put_length(head, body);
  const std::size_t packet = 1 + head.size() + body;
  // As the broker's ring: it ends when it is longer than that.
  const std::size_t places = std::min(identifiers, (ring_bytes + packet - 1) / packet);
  const bytes answers = answer_ring(0x40, places);
  bytes ask{0x82, static_cast<unsigned char>(2 + (how.version == 5 ? 1 : 0) + 2 + topic.size() + 1), 0, 1};
  if (how.version == 5) ask.push_back(0);
  ask.insert(ask.end(), {0, static_cast<unsigned char>(topic.size())});
  ask.insert(ask.end(), topic.begin(), topic.end());
  ask.push_back(static_cast<unsigned char>(how.qos));
  bench::meter meter;
  meter.start();
  from.write(ask);
  bytes in(64 << 10);
  const std::size_t granted = how.version == 5 ? 6 : 5;
  std::uint64_t got = 0, answered = 0;
  while (got < how.count * packet + granted) {
    got += from.read(in);
    const std::uint64_t whole = got > granted ? (got - granted) / packet : 0;
    if (how.qos == 1) write_packets(from, answers, 4, answered, whole), answered = whole;
  }
  meter.stop();
  meter.report("raw", how, how.count);
}

}  // namespace

int main(int argc, char** argv) {
  const bench::scenario how = bench::read_arguments(argc, argv);
  if (how.mode == bench::mode::latency || (how.mode == bench::mode::receive && how.qos == 2))
    bench::give_up("raw measures publish, and receive with QoS 0 and 1");
  wire it{how};
  it.write(connect_packet(how.version));
  unsigned char connack[5];
  for (std::size_t got = 0, all = how.version == 5 ? 5 : 4; got < all;)
    got += it.read(std::span{connack}.subspan(got, all - got));
  if (how.mode == bench::mode::publish) publish(it, how);
  else receive(it, how);
}
