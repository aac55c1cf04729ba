#include "broker.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <utility>

#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bench {
namespace {

constexpr std::size_t write_bytes = 64 << 10;
constexpr std::size_t unsent_bytes_max = 4 << 20;
constexpr std::size_t ring_bytes = 1 << 20;
constexpr std::size_t ring_packets_max = 16'000;

/// Of this process, in ns.
std::int64_t cpu_time() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

std::size_t two(std::span<const unsigned char> at) { return static_cast<std::size_t>(at[0] << 8 | at[1]); }

/// Where the body begins and what the packet has in all; false if that isn't there yet.
bool fixed_header(std::span<const unsigned char> in, std::size_t& header, std::size_t& total) {
  std::size_t length = 0;
  for (std::size_t i = 1; i < in.size() && i <= 4; ++i) {
    length |= static_cast<std::size_t>(in[i] & 0x7f) << (7 * (i - 1));
    if ((in[i] & 0x80) != 0) continue;
    header = i + 1, total = header + length;
    return true;
  }
  return false;
}

/// All have the same length.
std::string room(unsigned long long number) {
  char text[32];
  std::snprintf(text, sizeof text, "room/%05llu/is", number);
  return text;
}

void put_length(byte_vector& to, std::size_t length) {
  do {
    to.push_back(static_cast<unsigned char>((length & 0x7f) | (length > 0x7f ? 0x80 : 0)));
    length >>= 7;
  } while (length != 0);
}

}  // namespace

std::int64_t monotonic() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

connection::connection(int fd, SSL_CTX* tls, std::size_t window)
    : channel_(fd, tls), window_(window), cpu_(cpu_time()) {}

channel::channel(int fd, SSL_CTX* tls) : fd_(fd) {
  if (tls == nullptr) return;
  ssl_ = SSL_new(tls);
  SSL_set_fd(ssl_, fd);
  SSL_set_accept_state(ssl_);
}

channel::~channel() {
  if (ssl_ != nullptr) SSL_free(ssl_);
  close(fd_);
}

long channel::result_of(int done) {
  if (done > 0) return done;
  const int why = SSL_get_error(ssl_, done);
  ERR_clear_error();
  return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

long channel::read(unsigned char* to, std::size_t room) {
  if (ssl_ != nullptr) return result_of(SSL_read(ssl_, to, static_cast<int>(room)));
  const ssize_t got = recv(fd_, to, room, 0);
  if (got > 0) return got;
  return got < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

long channel::write(const unsigned char* from, std::size_t size) {
  if (ssl_ != nullptr) return result_of(SSL_write(ssl_, from, static_cast<int>(size)));
  const ssize_t taken = send(fd_, from, size, MSG_NOSIGNAL);
  if (taken >= 0) return taken;
  return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

source::source(std::string_view filter, int version, std::size_t window) {
  unsigned qos = 0, topics = 0;
  unsigned long long size = 0, count = 0;
  if (std::sscanf(std::string{filter}.c_str(), "source/%u/%llu/%llu/%u", &qos, &size, &count, &topics) < 3) return;
  for (unsigned id = 1; id <= ring_packets_max && (id == 1 || ring_.size() < ring_bytes); ++id) {
    const std::string topic = topics == 0 ? std::string{filter} : room(id * 7919ULL % topics);
    ring_.push_back(static_cast<unsigned char>(0x30 | qos << 1));
    put_length(ring_, 2 + topic.size() + (qos != 0 ? 2 : 0) + (version == 5 ? 1 : 0) + size);
    ring_.insert(ring_.end(),
                 {static_cast<unsigned char>(topic.size() >> 8), static_cast<unsigned char>(topic.size())});
    ring_.insert(ring_.end(), topic.begin(), topic.end());
    if (qos != 0) ring_.insert(ring_.end(), {static_cast<unsigned char>(id >> 8), static_cast<unsigned char>(id)});
    if (version == 5) ring_.push_back(0);
    ring_.insert(ring_.end(), size, 'x');
    if (id == 1) packet_ = ring_.size();
  }
  total_ = count * packet_;
  if (qos != 0) window_ = std::min<std::uint64_t>(window, ring_.size() / packet_);
}

std::span<const unsigned char> source::next() const {
  std::uint64_t until = total_;
  if (window_ != 0) until = std::min(until, (acknowledged_ + window_) * packet_);
  if (sent_ >= until) return {};
  const std::size_t at = sent_ % ring_.size();
  return std::span{ring_}.subspan(at, std::min({until - sent_, ring_.size() - at, write_bytes}));
}

// Until neither direction moves: sockets are watched edge-triggered.
bool connection::turn(std::span<unsigned char> memory) {
  for (;;) {
    if (!flush()) return false;
    if (out_.size() - out_sent_ > unsent_bytes_max) return true;
    std::copy(rest_.begin(), rest_.end(), memory.begin());
    const long got = channel_.read(memory.data() + rest_.size(), memory.size() - rest_.size());
    if (got <= 0) return got == 0;
    bytes_ += static_cast<std::uint64_t>(got);
    const auto in = memory.first(rest_.size() + static_cast<std::size_t>(got));
    const std::size_t used = parse(in);
    rest_.assign(in.begin() + static_cast<std::ptrdiff_t>(used), in.end());
    if (std::exchange(moved_, false)) last_ = monotonic();
  }
}

// Answers first, then as much of the source as there is room for.
bool connection::flush() {
  while (out_sent_ != out_.size()) {
    const long taken = channel_.write(out_.data() + out_sent_, out_.size() - out_sent_);
    if (taken < 0) return false;
    if (taken == 0) return true;
    out_sent_ += static_cast<std::size_t>(taken);
  }
  out_.clear(), out_sent_ = 0;
  while (source_) {
    const auto next = source_->next();
    if (next.empty()) return true;
    const long taken = channel_.write(next.data(), next.size());
    if (taken < 0) return false;
    if (taken == 0) return true;
    source_->sent(static_cast<std::size_t>(taken));
  }
  return true;
}

std::size_t connection::parse(std::span<const unsigned char> in) {
  std::size_t at = std::min(skip_, in.size());
  skip_ -= at;
  while (at != in.size()) {
    const auto left = in.subspan(at);
    std::size_t header = 0, total = 0;
    if (!fixed_header(left, header, total)) break;
    if (left[0] >> 4 == 3) {
      const std::size_t topic = left.size() >= header + 2 ? two(left.subspan(header)) : 0;
      if (left.size() < std::min(total, header + 2 + topic + 2)) break;
      const bool echo = left[header + 2] == 'e';
      if (echo && left.size() < total) break;
      publish(left.first(std::min(total, left.size())), header);
      if (total > left.size()) return skip_ = total - left.size(), in.size();
    } else {
      if (left.size() < total) break;
      packet(left.first(total), header);
    }
    at += total;
  }
  return at;
}

void connection::publish(std::span<const unsigned char> head, std::size_t header) {
  if (publishes_++ == 0) first_ = monotonic();
  moved_ = true;
  const unsigned qos = head[0] >> 1 & 3;
  const std::size_t topic = two(head.subspan(header));
  if (qos != 0) answer(qos == 1 ? 0x40 : 0x50, head.subspan(header + 2 + topic, 2));
  else if (head[header + 2] == 'e') out_.insert(out_.end(), head.begin(), head.end());
}

void connection::answer(unsigned char type, std::span<const unsigned char> identifier) {
  out_.insert(out_.end(), {type, 2, identifier[0], identifier[1]});
}

void connection::packet(std::span<const unsigned char> all, std::size_t header) {
  const auto body = all.subspan(header);
  switch (all[0] >> 4) {
    case 1:
      return connect(body);
    case 4:  // PUBACK
    case 7:  // PUBCOMP
      if (source_) source_->acknowledged(1);
      return;
    case 5:  // PUBREC
      return answer(0x62, body.first(2));
    case 6:  // PUBREL
      ++completed_, moved_ = true;
      return answer(0x70, body.first(2));
    case 8:
      return subscribe(body);
    case 12:
      out_.insert(out_.end(), {0xd0, 0});
      return;
    default:
      return;
  }
}

void connection::connect(std::span<const unsigned char> body) {
  version_ = body[2 + two(body)];
  if (version_ == 5) out_.insert(out_.end(), {0x20, 3, 0, 0, 0});
  else out_.insert(out_.end(), {0x20, 2, 0, 0});
}

// One filter, as the measuring clients ask for. Properties are shorter than 128 bytes.
void connection::subscribe(std::span<const unsigned char> body) {
  const auto list = body.subspan(version_ == 5 ? 3U + body[2] : 2U);
  const std::size_t length = two(list);
  const std::string_view filter{reinterpret_cast<const char*>(list.data()) + 2, length};
  const auto granted = static_cast<unsigned char>(list[2 + length] & 3);
  if (version_ == 5) out_.insert(out_.end(), {0x90, 4, body[0], body[1], 0, granted});
  else out_.insert(out_.end(), {0x90, 3, body[0], body[1], granted});
  if (filter.starts_with("source/")) source_ = std::make_unique<source>(filter, version_, window_);
}

void connection::report() const {
  if (publishes_ == 0 && !source_) return;
  std::printf(R"({"publishes":%llu,"completed":%llu,"bytes":%llu,"first_ns":%lld,"last_ns":%lld,"cpu_ns":%lld})"
              "\n",
              static_cast<unsigned long long>(publishes_), static_cast<unsigned long long>(completed_),
              static_cast<unsigned long long>(bytes_), static_cast<long long>(first_), static_cast<long long>(last_),
              static_cast<long long>(cpu_time() - cpu_));
  std::fflush(stdout);
}

}  // namespace bench
