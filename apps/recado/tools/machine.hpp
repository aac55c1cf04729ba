// Machines and filters of different kinds behind one face, so that a connection can be stacked at run time.
//
// The innermost machine is the MQTT session; each filter (TLS, and transports such as a proxy or WebSocket) goes
// around what is there. A new kind of filter needs one thing: an overload of `happening_of` for its events.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <recado/chain/stacked.hpp>
#include <recado/drive/tapped.hpp>
#include <recado/mqtt/session.hpp>
#include <recado/tls/event.hpp>
#include <recado/transport/tunnel.hpp>

#include "parting.hpp"

namespace recado::app::tools {

/// What a transport below MQTT and TLS tells: that it is through, or (`why`) that it failed.
struct transport_event {
  fault why{};
};
using happening = std::variant<tls::event, transport_event, mqtt::session_event>;

inline happening happening_of(tls::event&& what) { return happening{std::move(what)}; }
inline happening happening_of(transport::event&& what) {
  const auto* end = std::get_if<transport::closed>(&what);
  return happening{transport_event{end == nullptr ? fault{} : end->why}};
}
inline happening happening_of(mqtt::session_event&& what) { return happening{std::move(what)}; }
inline happening happening_of(happening&& what) { return std::move(what); }

/// Any stream machine (recado/wire/machine.hpp).
class machine {
 public:
  using event = happening;
  virtual ~machine() = default;
  virtual void opened(instant now) = 0;
  virtual void lost(fault why, instant now) = 0;
  virtual std::optional<event> receive(bytes& in, instant now) = 0;
  virtual bytes pending(instant now) = 0;
  virtual void sent(std::size_t n) = 0;
  virtual instant deadline() const = 0;
  /// The session's last word closes the filters around it.
  static bool ends(const event& what) {
    const auto* of_session = std::get_if<mqtt::session_event>(&what);
    return of_session != nullptr && mqtt::session::ends(*of_session);
  }
};

/// A machine of a certain type as `machine`.
template <class Inner>
class any_machine final : public machine {
 public:
  template <class... Arguments>
  explicit any_machine(Arguments&&... arguments) : inner_(std::forward<Arguments>(arguments)...) {}
  Inner& inner() { return inner_; }

  void opened(instant now) override { inner_.opened(now); }
  void lost(fault why, instant now) override { inner_.lost(why, now); }
  std::optional<event> receive(bytes& in, instant now) override {
    auto what = inner_.receive(in, now);
    if (!what) return std::nullopt;
    return flatten(std::move(*what));
  }
  bytes pending(instant now) override { return inner_.pending(now); }
  void sent(std::size_t n) override { inner_.sent(n); }
  instant deadline() const override { return inner_.deadline(); }

 private:
  static happening flatten(mqtt::session_event&& what) { return happening_of(std::move(what)); }
  template <class FilterEvent>
  static happening flatten(std::variant<FilterEvent, happening>&& what) {
    if (what.index() == 1) return std::get<1>(std::move(what));
    return happening_of(std::get<0>(std::move(what)));
  }
  Inner inner_;
};

/// The session with filters around it.
class stack {
 public:
  explicit stack(mqtt::session& innermost) : parting_(innermost) { clear(); }
  /// Takes the filters away again.
  void clear() {
    machines_.clear();
    auto session = std::make_unique<any_machine<tapped<parting_session>>>(parting_);
    tapped_ = &session->inner();
    machines_.push_back(std::move(session));
  }
  /// Puts one more filter around all that is there; it must outlive this.
  template <stream_filter Filter>
  void add(Filter& below) {
    using both = chain::stacked<Filter, machine>;
    machines_.push_back(std::make_unique<any_machine<both>>(below, *machines_.back()));
  }
  machine& outermost() { return *machines_.back(); }
  tapped<parting_session>& plaintext() { return *tapped_; }
  parting_session& parting() { return parting_; }

 private:
  parting_session parting_;
  tapped<parting_session>* tapped_ = nullptr;
  std::vector<std::unique_ptr<machine>> machines_;
};

}  // namespace recado::app::tools
