// A turn of the contract in wire/machine.hpp on a stream that drive/posix doesn't know: that of another TCP/IP stack.
#pragma once

#include <recado/drive/posix/drive_stream.hpp>

#include "scenario.hpp"

namespace bench {

/// `Stream`: `open()`, `closed()`, `send`, `receive`, `finish(now)`.
template <class Stream>
class turns {
 public:
  turns(Stream& stream, recado::mutable_bytes incoming) : stream_(stream), buffer_(incoming) {}

  /// True unless the stack had no room the last time.
  bool writable() const { return !stuck_; }

  template <class Machine, class Handler>
  recado::posix::progress drive(Machine& machine, recado::instant now, Handler& on_event) {
    if (stream_.closed()) return {recado::never, true};
    if (!stream_.open()) return {recado::never, false};
    if (!opened_) opened_ = true, machine.opened(now);
    bool more = true;
    for (int turn = 0; more && turn < recado::posix::turns_max; ++turn) {
      more = hear(machine, now, on_event);
      more = say(machine, now) || more;
      more = read(now) || more;
    }
    if (finishing_ && !finished_ && machine.pending(now).empty()) finished_ = true, stream_.finish(now);
    return {more ? now : machine.deadline(), stream_.closed()};
  }

 private:
  template <class Machine, class Handler>
  bool hear(Machine& machine, recado::instant now, Handler& on_event) {
    recado::bytes in = buffer_.data();
    const std::size_t all = in.size();
    for (bool more = true; more && !finishing_;) {
      const std::size_t before = in.size();
      auto event = machine.receive(in, now);
      buffer_.consumed(before - in.size());
      finishing_ = event && on_event(*event) == recado::posix::flow::finish;
      more = event || in.size() != before;
    }
    return in.size() != all;
  }
  template <class Machine>
  bool say(Machine& machine, recado::instant now) {
    bool said = false;
    for (recado::bytes out = machine.pending(now); !out.empty(); out = machine.pending(now)) {
      const auto taken = stream_.send(out, now);
      if (!taken) give_up("the connection was lost");
      stuck_ = *taken == 0;
      if (stuck_) return said;
      machine.sent(*taken);
      said = true;
    }
    stuck_ = false;
    return said;
  }
  bool read(recado::instant now) {
    if (finishing_) buffer_.clear();
    if (buffer_.full()) return false;
    const auto got = stream_.receive(buffer_.room(), now);
    if (!got && !finishing_) give_up("the connection was lost");
    if (got) buffer_.filled(*got);
    return got && *got != 0;
  }

  Stream& stream_;
  recado::posix::receive_buffer buffer_;
  bool opened_ = false, stuck_ = false, finishing_ = false, finished_ = false;
};

}  // namespace bench
