// A filter with a machine on top is a machine again: a driver never knows whether a session is encrypted.
//
// Bytes from below go through the filter, what comes out as plaintext goes to the machine; what the machine has
// pending goes through `write` into the filter, whose pending bytes go below. The machine is opened when the filter
// is ready. When the machine ends (its class says so by `ends(event)`), its farewell is written and the filter closed
// behind it.
#pragma once

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include <recado/wire/machine.hpp>

namespace recado::chain {

/// `Filter` below, `Machine` above; both belong to the caller and must outlive it.
template <stream_filter Filter, stream_machine Machine>
class stacked {
 public:
  /// Alternative 0 is the filter's event, alternative 1 the machine's.
  using event = std::variant<typename Filter::event, typename Machine::event>;

  /// Puts one on the other; nothing happens yet.
  stacked(Filter& below, Machine& above) : filter_(below), machine_(above) {}

  /// A verb of the shape; see recado/wire/machine.hpp.
  void opened(instant now) {
    consumed_ = 0, up_ = false, ended_ = false, closed_ = false;
    filter_.opened(now);
  }

  /// A verb of the shape; see recado/wire/machine.hpp.
  void lost(fault why, instant now) {
    consumed_ = 0, up_ = false;
    machine_.lost(why, now);
    filter_.lost(why, now);
  }

  /// A verb of the shape; see recado/wire/machine.hpp.
  std::optional<event> receive(bytes& in, instant now) {
    filter_.consumed(std::exchange(consumed_, 0));  // what the last event pointed to
    for (;;) {
      if (auto above = from_machine(now)) return above;
      const std::size_t before = in.size(), readable = filter_.plaintext().size();
      if (auto below = filter_.receive(in, now))
        return answer{std::in_place, std::in_place_index<0>, std::move(*below)};
      const bool moved = in.size() != before || filter_.plaintext().size() != readable;
      if (!moved && up_ == can_run()) return std::nullopt;
    }
  }

  /// A verb of the shape; see recado/wire/machine.hpp.
  bytes pending(instant now) {
    if (up_) write(now);
    return filter_.pending(now);
  }

  /// A verb of the shape; see recado/wire/machine.hpp.
  void sent(std::size_t n) { filter_.sent(n); }

  /// The stack ends as its machine does, so that a filter below says its goodbye too.
  static bool ends(const event& what) requires requires(const typename Machine::event& above) { Machine::ends(above); }
  { return what.index() == 1 && Machine::ends(std::get<1>(what)); }

  /// A verb of the shape; see recado/wire/machine.hpp.
  instant deadline() const {
    if (!up_ && can_run()) return instant::min();
    return std::min(filter_.deadline(), machine_.deadline());
  }

 private:
  using answer = std::optional<event>;

  bool can_run() const { return filter_.ready() || up_; }

  std::optional<event> from_machine(instant now) {
    if (!up_ && filter_.ready()) up_ = true, machine_.opened(now);
    for (;;) {  // also before the filter is ready: a machine may have something to say about the last connection
      const bytes plain = up_ ? filter_.plaintext() : bytes{};
      bytes rest = plain;
      auto result = machine_.receive(rest, now);
      const std::size_t used = plain.size() - rest.size();
      if (result) {
        consumed_ = used;
        if constexpr (requires { Machine::ends(*result); }) ended_ = ended_ || Machine::ends(*result);
        return answer{std::in_place, std::in_place_index<1>, std::move(*result)};
      }
      if (used == 0) return std::nullopt;
      filter_.consumed(used);
    }
  }

  void write(instant now) {
    bytes out = machine_.pending(now);
    while (!out.empty()) {
      const std::size_t taken = filter_.write(out, now);
      if (taken == 0) return;
      machine_.sent(taken);
      out = machine_.pending(now);
    }
    if (ended_ && !std::exchange(closed_, true)) filter_.close(now);
  }

  Filter& filter_;
  Machine& machine_;
  std::size_t consumed_ = 0;  // of the plaintext that the last event points into
  bool up_ = false;           // the machine was opened
  bool ended_ = false;        // the machine said its last event
  bool closed_ = false;       // and the filter was told
};

}  // namespace recado::chain
