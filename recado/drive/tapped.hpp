// Shows a tap what a machine reads and writes: put around the innermost machine, that is the plaintext.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include <recado/drive/tap.hpp>
#include <recado/wire/machine.hpp>

namespace recado {

/// A stream machine that reports to a tap all that another one consumes and sends, unchanged and without a copy.
/// `stacked<tls::openssl::filter, tapped<mqtt::session>>` shows the MQTT packets inside TLS. Without an observer
/// it costs one comparison a call. The inner machine and the tap must outlive it.
template <stream_machine Machine>
class tapped {
 public:
  using event = typename Machine::event;  ///< what `receive` answers

  explicit tapped(Machine& machine) : machine_(&machine) {}  ///< Looks at that machine; it must outlive this.
  /// From now on (or no longer, with nullptr) the bytes are shown to `observer` as those of `stream`.
  void observe(tap* observer, const stream_identity& stream) { observer_ = observer, stream_ = stream; }
  Machine& machine() { return *machine_; }  ///< The machine within.

  void opened(instant now) { machine_->opened(now); }  ///< A verb of the shape; see recado/wire/machine.hpp.
  void lost(fault why, instant now) {
    machine_->lost(why, now);
  }  ///< A verb of the shape; see recado/wire/machine.hpp.
  /// A verb of the shape; see recado/wire/machine.hpp.
  std::optional<event> receive(bytes& in, instant now) {
    const bytes before = in;
    auto result = machine_->receive(in, now);
    show(direction::in, before.first(before.size() - in.size()), now);
    return result;
  }
  /// A verb of the shape; see recado/wire/machine.hpp.
  bytes pending(instant now) {
    asked_ = now;
    return machine_->pending(now);
  }
  /// A verb of the shape; see recado/wire/machine.hpp.
  void sent(std::size_t n) {
    if (observer_ && n != 0) show(direction::out, machine_->pending(asked_).first(n), asked_);
    machine_->sent(n);
  }
  instant deadline() const { return machine_->deadline(); }  ///< A verb of the shape; see recado/wire/machine.hpp.
  /// As the machine says, if it says so: `stacked` closes the filter then.
  static bool ends(const event& what) {
    if constexpr (requires { Machine::ends(what); }) return Machine::ends(what);
    return false;
  }

 private:
  void show(direction way, bytes data, instant when) {
    if (observer_ && !data.empty()) observer_->stream_bytes(stream_, way, content::plaintext, data, when);
  }

  Machine* machine_;
  tap* observer_ = nullptr;
  stream_identity stream_;
  instant asked_{};
};

}  // namespace recado
