// The DHCP client (RFC 2131): how a device without an address gets one, keeps it, and gives it back.
//
//            start            OFFER             ACK           address_is_free
//   idle ------------> selecting -> requesting -------> probing ------------> bound
//     \ remembered        ^  ^          | NAK              | conflict          | T1
//      `-> rebooting -----'  `----------+------------------' (DECLINE, 10 s)   v
//             | ACK: probing            `------------- NAK, expired -- rebinding <- renewing
//
// The server grants an address for a time. At T1 the client asks that server to prolong it, at T2 any server;
// if nobody does, it must stop using the address. A device that boots or gets its cable back asks for the
// address that it remembers (INIT-REBOOT), which takes two datagrams instead of four.
//
// Before it is bound there is no address to send from: `needs_raw()` tells the driver to use a socket below IP
// with source 0.0.0.0; what peers send then is addressed to a host that doesn't exist yet.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <variant>

#include <recado/core/address.hpp>
#include <recado/core/bytes.hpp>
#include <recado/core/entropy.hpp>
#include <recado/core/fault.hpp>
#include <recado/core/instant.hpp>
#include <recado/dhcp/error.hpp>
#include <recado/dhcp/lease.hpp>
#include <recado/dhcp/limits.hpp>
#include <recado/dhcp/packet.hpp>
#include <recado/wire/machine.hpp>

namespace recado::dhcp {

struct reply;

/// How the client names itself to servers (option 61).
enum class client_identity : std::uint8_t {
  hardware_address,  ///< type 1 and the Ethernet address (RFC 2132 §9.14): what reservations expect
  duid,              ///< type 255, IAID and DUID-LL of the Ethernet address (RFC 4361 §6.1)
  given,             ///< the bytes of `options::client_id`
  none,              ///< the option is not sent: chaddr alone identifies the client
};

/// What the client needs to know. The views are borrowed and outlive the client.
struct options {
  mac_address hardware;  ///< of the interface
  /// The address of an earlier lease, to ask for again; no address if there is none.
  ip_address remembered;

  /// The patience: an address must be bound within `attempts * attempt_interval`, else `failed`. The probe of
  /// an address and the wait after DECLINE don't count. 0 attempts: `start` fails at once, and whoever
  /// conducts applies the static configuration without starting the client.
  std::uint32_t attempts = 50;
  duration attempt_interval = std::chrono::milliseconds{250};  ///< see `attempts`

  /// The randomised exponential back-off between two equal messages (RFC 2131 §4.1): 4, 8, 16, 32, 64 s, each
  /// give or take `retry_jitter` (at most half the interval).
  duration retry_first = std::chrono::seconds{4};
  duration retry_max = std::chrono::seconds{64};    ///< the longest interval
  duration retry_jitter = std::chrono::seconds{1};  ///< at most that much more or less
  /// After so many REQUESTs without an answer the client looks for another server (RFC 2131 §3.1 step 5).
  std::uint8_t request_attempts = 4;
  /// After so many REQUESTs for the remembered address it looks for a new one; 1 or more.
  std::uint8_t reboot_attempts = 2;
  /// A random delay up to this before the first message, against floods after a power failure (§4.4.1).
  duration start_delay_max{};
  /// How long to wait for a better offer (the remembered address) once one has come; 0 takes the first.
  duration offer_wait{};

  bool probe = true;               ///< ask with `probe_address` whether somebody has the address (§2.2)
  bool broadcast_replies = false;  ///< for IP stacks that cannot receive unicast without an address (§4.1)
  std::uint16_t reply_bytes_max = reply_bytes_min;  ///< the longest message the driver can receive; >= 576

  client_identity identity = client_identity::hardware_address;  ///< what option 61 says
  bytes client_id;                ///< for client_identity::given: 2 to client_id_bytes_max bytes, type first
  std::uint32_t iaid = 1;         ///< for client_identity::duid: distinguishes the interfaces of a device
  std::string_view host_name;     ///< option 12, sent if not empty; up to 63 characters are sent
  std::string_view vendor_class;  ///< option 60, sent if not empty; up to vendor_class_bytes_max are sent
};

/// Events. What they point to lives until the next `receive` or `lost`.

/// Somebody should find out by ARP whether the address is in use (RFC 5227 §2.1) and tell with `conflict` or
/// `address_is_free`. Nothing goes on before that.
struct probe_address {
  ip_address address;  ///< the one that was offered
};
/// The address may be used from now on.
struct bound {
  const dhcp::lease* granted;  ///< lives until the next `receive` or `lost`
};
/// The lease was prolonged; the parameters may have changed.
struct renewed {
  const dhcp::lease* granted;  ///< lives until the next `receive` or `lost`
};
/// The address must not be used any more: expired, refused or address_conflict. The client looks for a new one.
struct lease_lost {
  fault why;  ///< why, of this module
};
/// The patience is used up; the client is idle until `start` or `inform`.
struct failed {
  fault why;  ///< why, of this module
};
/// The answer to `inform`: the given address with the parameters that the server knows.
struct parameters {
  const dhcp::lease* known;  ///< lives until the next `receive` or `lost`
};

/// The states of RFC 2131 figure 5, and those around the probing of an address.
enum class state : std::uint8_t {
  idle,
  waiting,  ///< before DISCOVER: the start delay, after NAK or after DECLINE (INIT)
  selecting,
  requesting,
  rebooting,
  probing,
  bound,
  renewing,
  rebinding,
  informing,
};
/// The RFC's name of the state.
std::string_view words(state what);

/// A datagram_machine with local port 68 and peers on port 67. Neither copied nor moved.
class client {
 public:
  using event =
      std::variant<probe_address, bound, renewed, lease_lost, failed, parameters>;  ///< what `receive` answers

  client(const options& how, entropy& random);  ///< Options and randomness must outlive it.
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  // Commands. All of them may be called at any time; what makes no sense in a state does nothing.

  /// Gets an address and keeps it. While the link is down it begins with `opened`. If a lease is held or under
  /// way it begins anew, asking for the same address.
  void start(instant now);
  /// Another host has the address of `probe_address`, or was seen using the bound one (RFC 5227 §2.4): DECLINE,
  /// 10 s, DISCOVER. If it was bound, `lease_lost` follows.
  void conflict(instant now);
  /// Nobody answered the probe: `bound` follows.
  void address_is_free(instant now);
  /// Gives the address back (RFC 2131 §4.4.6) and goes idle: send what is pending, then withdraw the address.
  void release(instant now);
  /// Asks a server for the parameters of a network in which the address `own` is already used (§4.4.3): answers
  /// with `parameters`, or `failed`. The address must be a host's, the link up, and no lease held or under way
  /// is kept.
  std::expected<void, error> inform(const lease& own, instant now);
  /// The address to ask for with the next `start` or `opened`, as `options::remembered`; none forgets it.
  void remember(const ip_address& address) { wish_ = address, reboot_ = bool(address); }

  // The one shape.

  /// The interface can carry datagrams. A lease held before is verified (INIT-REBOOT, RFC 2131 §3.7).
  void opened(instant now);
  /// It cannot any more. A lease is kept for `opened` until it expires.
  void lost(fault why, instant now);
  std::optional<event> receive(datagram& in, instant now);  ///< A verb of the shape; see recado/wire/machine.hpp.
  std::optional<datagram> pending(instant now);             ///< A verb of the shape; see recado/wire/machine.hpp.
  void sent(instant now);                                   ///< A verb of the shape; see recado/wire/machine.hpp.
  instant deadline() const;                                 ///< A verb of the shape; see recado/wire/machine.hpp.

  // What a driver and a console want to know.

  /// The source address of what is pending and of the state: 0.0.0.0 before an address is bound.
  ip_address source() const;
  /// True while there is no address: datagrams go and come on a socket below IP. False: an ordinary socket bound
  /// to `source()` serves (it may be kept open only while false).
  bool needs_raw() const { return source() == ip_address::v4_any(); }
  dhcp::state state() const { return state_; }  ///< Where it is in the figure of RFC 2131 §4.4.
  /// The lease that is in use, or null.
  const dhcp::lease* held() const;
  /// How many datagrams were not believed since the beginning, and why the last was not.
  std::uint32_t ignored() const { return ignored_; }
  std::optional<error> last_ignored() const { return last_ignored_; }  ///< Nothing if all were believed.

 private:
  struct offer {
    ip_address address, server;
  };

  bool holds_lease() const;
  bool acquiring() const;
  void begin(instant now, duration wait);
  void proceed(instant now);
  void enter(dhcp::state next, instant now);
  void discover(instant now);
  void request(const offer& chosen, instant now);
  void reboot(instant now);
  void prolong(dhcp::state how, instant now);
  void decline(instant now);
  event bind(instant now);
  void go_idle();
  void schedule_retry(instant now);
  void schedule_prolonging(instant now);
  duration jittered(duration interval, duration jitter);
  instant phase_ends() const;

  std::optional<event> take_due();
  std::optional<event> on_time(instant now);
  void on_retry(instant now);
  std::optional<event> give_up();
  event lose(error why, instant now);
  std::optional<event> on_message(bytes payload, instant now);
  outcome<error> unexpected_here(const reply& what) const;
  void on_offer(const lease& offered, instant now);
  std::optional<event> on_ack(const lease& granted, instant now);
  std::optional<event> on_nak(instant now);
  event on_parameters(const lease& told);
  void ignore(error why, bool for_us);
  fault because(error why) const;

  void queue(message_type type);
  bytes client_identifier(mutable_bytes scratch) const;
  void compose(instant now);
  void put_options(option_writer& out) const;

  // Flags and small numbers come first: there a Cortex-M reaches them with short instructions.
  dhcp::state state_ = state::idle;
  message_type queued_ = message_type::none;
  bool reboot_ = false;  // the wish was ours and may still be: ask by INIT-REBOOT
  bool wanted_ = false;  // start() was called and nothing ended it
  bool open_ = false;    // the link is up
  bool in_use_ = false;  // `bound` was told, and its end not yet
  std::uint8_t sends_ = 0;
  std::uint8_t conflicts_ = 0;  // since start or the last bound address
  std::uint8_t refusals_ = 0;
  error cause_ = error::no_offer;
  std::optional<error> unusable_;
  std::optional<error> last_ignored_;
  std::uint16_t secs_ = 0;  // of the last DISCOVER: REQUEST repeats it
  std::uint32_t xid_ = 0;
  std::uint32_t ignored_ = 0;
  std::size_t size_ = 0;  // of the composed message; 0: not yet composed
  entropy& random_;
  instant due_since_{};
  instant started_{};  // the acquisition or renewal, for secs
  instant patience_ends_ = never;
  instant next_ = never;     // retry, end of a wait, or T1
  instant first_request_{};  // of those for the present lease: its times count from here
  duration interval_{};
  offer offer_;      // chosen, or the best so far
  ip_address wish_;  // asked for with option 50
  ip_address queued_source_, queued_peer_;
  std::optional<event> due_;  // what a command or the link made happen
  options how_;
  dhcp::lease lease_{};
  std::array<std::byte, message_bytes_max> message_;
};
static_assert(datagram_machine<client>);

}  // namespace recado::dhcp
