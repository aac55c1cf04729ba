// lwIP's sockets: non-blocking, as a program on an RTOS would use them.
#pragma once

#include <algorithm>
#include <expected>
#include <string_view>

#include <recado/core/fault.hpp>
#include <recado/drive/posix/clock.hpp>

#include "lwip_sockets.hpp"
#include "wire_turn.hpp"

namespace bench {

inline constexpr std::string_view stack_name = ", lwIP sockets";

class wire {
 public:
  explicit wire(recado::mutable_bytes incoming) : turns_(stream_, incoming) {}
  bool connect(const scenario& how, recado::instant) {
    stream_.fd = lwip_sockets::connect(how.tap, how.own, how.host, how.port);
    return stream_.open();
  }
  template <class Machine, class Handler>
  recado::posix::progress drive(Machine& machine, recado::instant now, Handler&& on_event) {
    return turns_.drive(machine, now, on_event);
  }
  bool writable() const { return turns_.writable(); }
  void wait(recado::instant until) {
    const auto left = std::clamp<recado::duration>(until - recado::posix::now(), {}, std::chrono::seconds{1});
    lwip_sockets::wait(stream_.fd, !turns_.writable(), static_cast<int>((left.count() + 999) / 1000));
  }

 private:
  struct stream {
    using result = std::expected<std::size_t, recado::fault>;
    static result result_of(long done) {
      if (done < 0) return std::unexpected{recado::make_fault(recado::stream_error::closed_by_peer)};
      return static_cast<std::size_t>(done);
    }
    bool open() const { return fd >= 0; }
    bool closed() const { return ended; }
    result send(recado::bytes out, recado::instant) const {
      return result_of(lwip_sockets::send(fd, out.data(), out.size()));
    }
    result receive(recado::mutable_bytes room, recado::instant) {
      const long done = lwip_sockets::receive(fd, room.data(), room.size());
      ended = ended || done < 0;
      return result_of(done);
    }
    void finish(recado::instant) const { lwip_sockets::finish(fd); }
    int fd = -1;
    bool ended = false;
  };

  stream stream_;
  turns<stream> turns_;
};

}  // namespace bench
