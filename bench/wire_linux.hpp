// Linux's sockets, by drive/posix.
#pragma once

#include <string_view>
#include <utility>

#include <recado/drive/posix/clock.hpp>
#include <recado/drive/posix/drive_stream.hpp>

#include "scenario.hpp"

namespace bench {

inline constexpr std::string_view stack_name = "";

class wire {
 public:
  explicit wire(recado::mutable_bytes incoming) : buffer_(incoming) {}
  /// False if it can't even begin.
  bool connect(const scenario& how, recado::instant now) {
    broker_ = {recado::parse_address(how.host).value_or(recado::ip_address{}), how.port};
    return loop_.open() && stream_.connect(loop_, {&broker_, 1}, {}, now);
  }
  /// A turn; `on_event` answers a `posix::flow`.
  template <class Machine, class Handler>
  recado::posix::progress drive(Machine& machine, recado::instant now, Handler&& on_event) {
    return recado::posix::drive(machine, stream_, buffer_, now, std::forward<Handler>(on_event));
  }
  /// True unless the stack had no room the last time.
  bool writable() const { return stream_.writable(); }
  /// Until something moves or it is that late.
  void wait(recado::instant until) { loop_.wait(until); }

 private:
  recado::endpoint broker_{};
  recado::posix::loop loop_;
  recado::posix::tcp_stream stream_;
  recado::posix::receive_buffer buffer_;
};

}  // namespace bench
