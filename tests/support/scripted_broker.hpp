// A broker whose every byte the test decides: it listens on a free port of the loopback interface, plays one script
// for each connection, and records all that it hears.
//
//   scripted_broker broker{{hears(1), says("\x20\x02\0\5"s), waits_for_end()}};   // refuses the first connection
//   ... run a client against broker.port() ...
//   broker.finish();  EXPECT_EQ(broker.heard(0), ...);  EXPECT_TRUE(broker.complaint().empty());
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <recado/drive/posix/descriptor.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

namespace recado::test {

/// Number of a packet's type, as in the upper half of its first byte.
enum mqtt_type : int {
  any_type = 0,
  connect_type = 1,
  connack_type = 2,
  publish_type = 3,
  puback_type = 4,
  pubrec_type = 5,
  pubrel_type = 6,
  pubcomp_type = 7,
  subscribe_type = 8,
  suback_type = 9,
  unsubscribe_type = 10,
  unsuback_type = 11,
  pingreq_type = 12,
  pingresp_type = 13,
  disconnect_type = 14,
  auth_type = 15
};

/// The length of the packet at the front of `data`, 0 if it isn't whole.
inline std::size_t packet_length(std::string_view data) {
  std::size_t value = 0;
  for (std::size_t i = 1; i < data.size() && i < 5; ++i) {
    value |= static_cast<std::size_t>(data[i] & 0x7f) << (7 * (i - 1));
    if ((data[i] & 0x80) == 0) return data.size() >= 1 + i + value ? 1 + i + value : 0;
  }
  return 0;
}
/// What stands behind a packet's fixed header.
inline std::string_view packet_body(std::string_view packet) {
  std::size_t i = 1;
  while (i < packet.size() && i < 5 && (packet[i] & 0x80) != 0) ++i;
  return packet.substr(std::min(i + 1, packet.size()));
}
/// All whole packets in `data`, in their order; what is left over comes last.
inline std::vector<std::string> packets_of(std::string_view data) {
  std::vector<std::string> result;
  while (!data.empty()) {
    const std::size_t length = packet_length(data) != 0 ? packet_length(data) : data.size();
    result.emplace_back(data.substr(0, length));
    data.remove_prefix(length);
  }
  return result;
}
/// Two bytes as a number.
inline std::size_t number_at(std::string_view data) {
  return static_cast<std::size_t>(static_cast<unsigned char>(data[0])) << 8 | static_cast<unsigned char>(data[1]);
}
/// A packet: first byte, length, body.
inline std::string packet(int first, std::string_view body) {
  std::string result(1, static_cast<char>(first));
  std::size_t left = body.size();
  do {
    result += static_cast<char>((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    left >>= 7;
  } while (left != 0);
  return result.append(body);
}
/// Two bytes of length and the text itself.
inline std::string field(std::string_view text) {
  return std::string{static_cast<char>(text.size() >> 8), static_cast<char>(text.size())}.append(text);
}
/// PUBLISH as a server sends it. `properties` with their length, empty for 3.1.1; `identifier` if `qos` isn't 0.
inline std::string publish_packet(std::string_view topic, std::string_view payload, int qos = 0, bool retain = false,
                                  std::string_view properties = {}, int identifier = 1, bool duplicate = false) {
  std::string body = field(topic);
  if (qos != 0) body += static_cast<char>(identifier >> 8), body += static_cast<char>(identifier);
  return packet(0x30 | (duplicate ? 8 : 0) | qos << 1 | (retain ? 1 : 0), body.append(properties).append(payload));
}

/// How a broker that serves behaves; bytes of packets whole, empty: the usual.
struct service {
  std::string connack{};      ///< instead of success
  std::string suback_more{};  ///< sent right behind the first SUBACK, such as messages
  int granted = -1;           ///< reason code for each filter; -1: the QoS that was asked for
  int acknowledged = -1;      ///< reason code of PUBACK and PUBREC (5.0), -1: none
  bool answers_publish = true;
};

/// One thing that the broker does on a connection.
struct step {
  enum class kind { hears, hears_anything, says, drips, serves, waits_for_end, stays, closes, resets };
  kind what{};
  int type = any_type;
  std::function<std::string(const std::string& last)> text{};
  std::chrono::milliseconds pause{};
  service how{};
};
using script = std::vector<step>;

/// Waits for a whole packet; another type is a complaint.
inline step hears(int type = any_type) { return {.what = step::kind::hears, .type = type}; }
/// Waits for bytes of any protocol.
inline step hears_anything() { return {.what = step::kind::hears_anything}; }
/// Sends these bytes as they are.
inline step says(std::string bytes) {
  return {.what = step::kind::says, .text = [bytes = std::move(bytes)](const std::string&) { return bytes; }};
}
/// Sends what `text` makes of the packet that was heard last.
inline step says(std::function<std::string(const std::string& last)> text) {
  return {.what = step::kind::says, .text = std::move(text)};
}
/// Sends byte by byte, each in a segment of its own, `pause` apart.
inline step drips(std::string bytes, std::chrono::milliseconds pause = {}) {
  step one = says(std::move(bytes));
  one.what = step::kind::drips, one.pause = pause;
  return one;
}
/// Answers everything as a good broker until the client ends the connection.
inline step serves(service how = {}) { return {.what = step::kind::serves, .how = std::move(how)}; }
/// Says nothing until the client ends the connection.
inline step waits_for_end() { return {.what = step::kind::waits_for_end}; }
/// Does nothing for so long, whatever the client does.
inline step stays(std::chrono::milliseconds time) { return {.what = step::kind::stays, .pause = time}; }
/// FIN, and nothing is read any more.
inline step closes() { return {.what = step::kind::closes}; }
/// RST.
inline step resets() { return {.what = step::kind::resets}; }

/// The packet identifier of a SUBSCRIBE, UNSUBSCRIBE, PUBREL … or of a PUBLISH of QoS 1 or 2, as its two bytes.
inline std::string identifier_in(const std::string& packet) {
  std::string_view body = packet_body(packet);
  if ((static_cast<unsigned char>(packet[0]) >> 4) == publish_type) {
    const std::size_t topic = number_at(body);
    body.remove_prefix(std::min(body.size(), 2 + topic));
  }
  return std::string{body.substr(0, 2)};
}

/// Plays one script for each connection, one connection at a time; the last script is for all that follow.
class scripted_broker {
 public:
  explicit scripted_broker(std::vector<script> scripts) : scripted_broker(std::move(scripts), listen_on_loopback()) {}
  /// Plays them on a socket that listens already, such as a Unix socket.
  scripted_broker(std::vector<script> scripts, posix::descriptor listening)
      : scripts_(std::move(scripts)), listening_(std::move(listening)) {
    thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
  }
  ~scripted_broker() { finish(); }
  scripted_broker(const scripted_broker&) = delete;
  scripted_broker& operator=(const scripted_broker&) = delete;

  std::uint16_t port() const {
    sockaddr_in here{};
    socklen_t size = sizeof here;
    EXPECT_EQ(::getsockname(listening_.get(), reinterpret_cast<sockaddr*>(&here), &size), 0);
    return ntohs(here.sin_port);
  }
  /// Waits until `count` connections have been played to their end; false after ten seconds.
  bool played(std::size_t count) {
    std::unique_lock hold{mutex_};
    return ended_.wait_for(hold, std::chrono::seconds{10}, [&] { return done_ >= count; });
  }
  /// Ends what is still played. Whatever came before can be asked for then.
  void finish() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
  }
  /// How many connections there were.
  std::size_t connections() const {
    const std::lock_guard hold{mutex_};
    return heard_.size();
  }
  /// All bytes of one connection, in their order.
  std::string heard(std::size_t connection = 0) const {
    const std::lock_guard hold{mutex_};
    return connection < heard_.size() ? heard_[connection] : std::string{};
  }
  /// The same as packets.
  std::vector<std::string> packets(std::size_t connection = 0) const { return packets_of(heard(connection)); }
  /// What did not go as the scripts say, empty if all did.
  std::string complaint() const {
    const std::lock_guard hold{mutex_};
    return complaint_;
  }

 private:
  enum class got { packet, end, stopped };
  static constexpr std::chrono::milliseconds pause_step{20};

  static posix::descriptor listen_on_loopback() {
    posix::descriptor fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&here), sizeof here), 0);
    EXPECT_EQ(::listen(fd.get(), 16), 0);
    return fd;
  }

  void run(const std::stop_token& stop) {
    for (std::size_t number = 0; wait(listening_.get(), stop); ++number) {
      posix::descriptor fd{::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
      if (!fd) return;
      const int yes = 1;
      ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
      {
        const std::lock_guard hold{mutex_};
        heard_.emplace_back();
      }
      at_ = 0;
      if (!scripts_.empty())
        for (const step& each : scripts_[std::min(number, scripts_.size() - 1)])
          if (!play(each, fd, stop)) break;
      fd.reset();
      const std::lock_guard hold{mutex_};
      ++done_;
      ended_.notify_all();
    }
  }

  static bool wait(int fd, const std::stop_token& stop) {
    pollfd waiting{fd, POLLIN, 0};
    while (!stop.stop_requested())
      if (::poll(&waiting, 1, 20) == 1) return true;
    return false;
  }

  bool play(const step& what, posix::descriptor& fd, const std::stop_token& stop) {
    using kind = step::kind;
    switch (what.what) {
      case kind::hears:
        return hear_one(what.type, fd.get(), stop);
      case kind::hears_anything: {
        char piece[4096];
        const ssize_t size = wait(fd.get(), stop) ? ::recv(fd.get(), piece, sizeof piece, 0) : -1;
        if (size <= 0) return false;
        last_.assign(piece, static_cast<std::size_t>(size));
        return true;
      }
      case kind::says:
        return say(what.text(last_), fd.get());
      case kind::drips:
        for (const char c : what.text(last_)) {
          if (!say({&c, 1}, fd.get())) return false;
          if (what.pause.count() != 0) (void)::poll(nullptr, 0, static_cast<int>(what.pause.count()));
        }
        return true;
      case kind::serves:
        return serve(what.how, fd.get(), stop);
      case kind::waits_for_end:
        while (next(fd.get(), stop) == got::packet) {
        }
        return true;
      case kind::stays:
        for (auto left = what.pause; left.count() > 0 && !stop.stop_requested(); left -= pause_step)
          (void)::poll(nullptr, 0, static_cast<int>(pause_step.count()));
        return true;
      case kind::resets: {
        const linger at_once{1, 0};
        ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        return false;
      }
      case kind::closes:
        break;
    }
    return false;
  }

  bool hear_one(int type, int fd, const std::stop_token& stop) {
    if (const got what = next(fd, stop); what != got::packet)
      return complain("type " + std::to_string(type) + " was awaited, the client " +
                      (what == got::end ? "ended" : "said nothing"));
    const int seen = static_cast<unsigned char>(last_[0]) >> 4;
    if (type != any_type && seen != type)
      return complain("type " + std::to_string(type) + " was awaited, " + std::to_string(seen) + " came");
    return true;
  }
  bool complain(const std::string& text) {
    const std::lock_guard hold{mutex_};
    complaint_ += (complaint_.empty() ? "" : "; ") + text;
    return false;
  }

  /// The next whole packet into `last_`.
  got next(int fd, const std::stop_token& stop) {
    for (;;) {
      {
        const std::lock_guard hold{mutex_};
        const std::string_view rest = std::string_view{heard_.back()}.substr(at_);
        if (const std::size_t length = packet_length(rest); length != 0) {
          last_ = rest.substr(0, length), at_ += length;
          return got::packet;
        }
      }
      if (!wait(fd, stop)) return got::stopped;
      char piece[65536];
      const auto count = ::recv(fd, piece, sizeof piece, 0);
      if (count <= 0) return got::end;
      const std::lock_guard hold{mutex_};
      heard_.back().append(piece, static_cast<std::size_t>(count));
    }
  }

  static bool say(std::string_view text, int fd) {
    while (!text.empty()) {
      const auto count = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

  bool serve(const service& how, int fd, const std::stop_token& stop) {
    bool v5 = false, subscribed = false;
    while (next(fd, stop) == got::packet) {
      const int type = static_cast<unsigned char>(last_[0]) >> 4;
      if (type == connect_type) v5 = packet_body(last_).substr(6, 1) == "\5";
      std::string answer = answer_to(type, v5, how);
      if (type == subscribe_type && !std::exchange(subscribed, true)) answer += how.suback_more;
      if (!answer.empty() && !say(answer, fd)) return false;
    }
    return false;
  }
  std::string answer_to(int type, bool v5, const service& how) const {
    const int qos = last_[0] >> 1 & 3;
    const auto acknowledge = [&](int first, bool coded) {
      std::string body = identifier_in(last_);
      if (v5 && coded && how.acknowledged >= 0) body += static_cast<char>(how.acknowledged);
      return packet(first, body);
    };
    const std::string none = v5 ? std::string(1, '\0') : std::string{};
    switch (type) {
      case connect_type:
        return !how.connack.empty() ? how.connack : packet(0x20, std::string(2, '\0') + none);
      case publish_type:
        if (qos == 0 || !how.answers_publish) return {};
        return acknowledge(qos == 1 ? 0x40 : 0x50, true);
      case pubrec_type:
        return acknowledge(0x62, false);
      case pubrel_type:
        return acknowledge(0x70, false);
      case subscribe_type:
        return packet(0x90, identifier_in(last_) + none + granted(v5, how));
      case unsubscribe_type:
        return packet(0xb0, identifier_in(last_) + (v5 ? none + std::string(filters(v5, 0).size(), '\0') : ""));
      case pingreq_type:
        return packet(0xd0, {});
      default:
        return {};
    }
  }
  std::string granted(bool v5, const service& how) const {
    std::string codes = filters(v5, 1);
    if (how.granted >= 0) codes.assign(codes.size(), static_cast<char>(how.granted));
    return codes;
  }
  /// One byte for each filter of SUBSCRIBE (`more` 1: its wish for a QoS) or UNSUBSCRIBE (0).
  std::string filters(bool v5, std::size_t more) const {
    std::string_view rest = packet_body(last_).substr(2);
    if (v5) {
      std::size_t length = 0, i = 0;
      do length |= static_cast<std::size_t>(rest[i] & 0x7f) << (7 * i);
      while ((rest[i++] & 0x80) != 0);
      rest.remove_prefix(i + length);
    }
    std::string result;
    while (rest.size() >= 2 + more) {
      const std::size_t size = number_at(rest);
      result += more != 0 ? static_cast<char>(rest[2 + size] & 3) : '\0';
      rest.remove_prefix(2 + size + more);
    }
    return result;
  }

  std::vector<script> scripts_;
  posix::descriptor listening_;
  mutable std::mutex mutex_;
  std::condition_variable ended_;
  std::vector<std::string> heard_;
  std::string complaint_;
  std::size_t done_ = 0;
  std::string last_;    // of the thread alone
  std::size_t at_ = 0;  // of the thread alone
  std::jthread thread_;
};

/// As a client is told of it.
inline std::string url_of(const scripted_broker& broker) { return "mqtt://127.0.0.1:" + std::to_string(broker.port()); }

}  // namespace recado::test
