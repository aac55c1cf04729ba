// lwIP's raw interface, by drive/lwip as firmware has it, on a tap.
#pragma once

#include <string_view>

#include <recado/drive/lwip/clock.hpp>
#include <recado/drive/lwip/interface.hpp>
#include <recado/drive/lwip/tcp_stream.hpp>
#include <recado/drive/posix/clock.hpp>
#include <recado/drive/posix/descriptor.hpp>
#include <recado/drive/posix/entropy.hpp>

#include "wire_turn.hpp"

namespace bench {

inline constexpr std::string_view stack_name = ", lwIP raw";

/// A tap as an Ethernet controller.
class tap final : public recado::lwip::ethernet {
 public:
  bool open(const std::string& name);
  int fd() const { return fd_.get(); }
  recado::mac_address address() const override;
  bool link_is_up() override { return true; }
  bool send(const pbuf& frame) override;
  pbuf* receive() override;

 private:
  recado::posix::descriptor fd_;
};

class wire {
 public:
  explicit wire(recado::mutable_bytes incoming) : turns_(stream_, incoming) {}
  bool connect(const scenario& how, recado::instant now);
  template <class Machine, class Handler>
  recado::posix::progress drive(Machine& machine, recado::instant now, Handler&& on_event) {
    const bool more = poll(now);
    auto done = turns_.drive(machine, now, on_event);
    if (more) done.deadline = now;
    return done;
  }
  bool writable() const { return turns_.writable(); }
  void wait(recado::instant until);

 private:
  /// The stream as `turns` wants it.
  class stream : public recado::lwip::tcp_stream {
   public:
    bool open() { return at_ == phase::open || at_ == phase::closing; }
    bool closed() { return at_ == phase::closed; }
    void look(recado::instant now) { at_ = advance(now); }

   private:
    phase at_ = phase::idle;
  };
  bool poll(recado::instant now);

  recado::posix::system_entropy random_;
  tap tap_;
  recado::lwip::interface interface_;
  stream stream_;
  turns<stream> turns_;
};

}  // namespace bench
