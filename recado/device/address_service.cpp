#include <recado/device/address_service.hpp>

#include <algorithm>
#include <utility>

#include <recado/core/address.hpp>

namespace recado::device {
namespace {

/// Host names have letters, digits and hyphens (RFC 1123 §2.1); what the platform is called otherwise isn't sent.
std::string_view host_name_of(std::string_view platform) {
  const bool good = std::ranges::all_of(platform, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
  return good && !platform.starts_with('-') && !platform.ends_with('-') ? platform : std::string_view{};
}

dhcp::options options_of(const configuration& chosen, const board& on, const remembered& memory) {
  dhcp::options how;
  how.hardware = on.network.hardware();
  how.remembered = memory.address();
  how.attempts = chosen.dhcp.attempts;
  how.attempt_interval = std::chrono::milliseconds{chosen.dhcp.attempt_ms};
  how.probe = chosen.network.probe;
  how.host_name = host_name_of(chosen.device.platform);
  how.vendor_class = "recado";
  how.reply_bytes_max = dhcp_reply_bytes_max;
  return how;
}

}  // namespace

address_service::address_service(const configuration& chosen, const board& on, remembered& memory, arrivals& datagrams)
    : chosen_(chosen),
      on_(on),
      memory_(memory),
      client_(options_of(chosen, on, memory), on.entropy),
      pump_(service::dhcp, datagrams) {}

void address_service::link_down(instant now) {
  client_.lost(make_fault(stream_error::interface_down), now);
  static_due_ = static_probing_ = false;
  withdraw();
}

void address_service::start(bool fallback, instant now) {
  if (by_dhcp_ != !fallback) withdraw();
  by_dhcp_ = !fallback;
  static_due_ = fallback;
  static_probing_ = false;
  // A lease that could not be used would be renewed, and take the place of the address that stands in for it.
  if (fallback && client_.held() != nullptr) client_.release(now);
  if (fallback) return;
  // A client that is already looking (its link came back, its lease has expired) goes on.
  const dhcp::lease* held = client_.held();
  if (held != nullptr && !applied_) lease_ = *held;
  if (client_.state() == dhcp::state::idle) client_.start(now);
  else if (held != nullptr) client_.start(now);
}

void address_service::release(instant now) {
  if (by_dhcp_ && client_.held() != nullptr) {
    client_.release(now);
    (void)pump_.step(client_, on_.network, now);
  }
  static_due_ = static_probing_ = false;
  withdraw();
}

void address_service::withdraw() {
  if (std::exchange(applied_, false)) on_.network.withdraw();
}

std::optional<address_service::event> address_service::step(instant now) {
  if (std::exchange(static_due_, false)) {
    if (chosen_.network.mode == address_mode::as_is || !chosen_.network.probe) return use_static(now);
    static_probing_ = true;
    ask_whether_free(*parse_address(chosen_.dhcp.static_address), now);
  }
  if (const auto is_free = on_.network.probed(now))
    if (auto told = on_probed(*is_free, now)) return told;
  for (unsigned turn = 0; turn < 8; ++turn) {
    const auto happened = pump_.step(client_, on_.network, now);
    if (!happened) return std::nullopt;
    if (auto told = on_dhcp(*happened, now)) return told;
  }
  return std::nullopt;
}

void address_service::ask_whether_free(const ip_address& address, instant now) {
  if (on_.network.probe(address, now)) return;
  // A board that can't ask must not keep the device from coming up.
  if (!static_probing_) client_.address_is_free(now);
}

std::optional<address_service::event> address_service::on_probed(bool is_free, instant now) {
  if (std::exchange(static_probing_, false)) {
    if (is_free) return use_static(now);
    return failed{make_fault(link_error::address_in_use)};
  }
  if (is_free) client_.address_is_free(now);
  else client_.conflict(now);
  return std::nullopt;
}

std::optional<address_service::event> address_service::on_dhcp(const dhcp::client::event& happened, instant now) {
  if (const auto* ask = std::get_if<dhcp::probe_address>(&happened))
    return ask_whether_free(ask->address, now), std::nullopt;
  if (const auto* bound = std::get_if<dhcp::bound>(&happened)) return use(*bound->granted, false, now);
  if (const auto* renewed = std::get_if<dhcp::renewed>(&happened)) return use(*renewed->granted, true, now);
  if (const auto* gone = std::get_if<dhcp::lease_lost>(&happened)) {
    withdraw();
    return lost{gone->why};
  }
  if (const auto* none = std::get_if<dhcp::failed>(&happened)) return failed{none->why};
  return std::nullopt;
}

address_service::event address_service::use(const dhcp::lease& from, bool renewed, instant now) {
  if (const auto done = on_.network.apply(from); !done) {
    withdraw();
    return failed{done.error()};
  }
  lease_ = from;
  applied_ = true;
  if (!renewed && chosen_.network.mode == address_mode::dhcp) on_.network.announce(from.address, now);
  if (by_dhcp_) memory_.keep(from);
  return got{renewed};
}

address_service::event address_service::use_static(instant now) {
  if (chosen_.network.mode == address_mode::as_is) {
    const auto present = on_.network.present();
    if (!present) return failed{present.error()};
    lease_ = *present;
    return got{};
  }
  const auto address = parse_address(chosen_.dhcp.static_address), mask = parse_address(chosen_.dhcp.static_mask);
  const auto router = parse_address(chosen_.dhcp.static_gateway);
  const auto prefix = mask ? prefix_length(*mask) : std::nullopt;
  const auto made =
      dhcp::static_lease(address.value_or(ip_address{}), prefix.value_or(0), router.value_or(ip_address{}));
  if (!made) return failed{make_fault(made.error())};
  return use(*made, false, now);
}

instant address_service::deadline() const {
  return static_due_ ? instant::min() : std::min(client_.deadline(), on_.network.deadline());
}

}  // namespace recado::device
