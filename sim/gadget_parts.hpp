// What the device loses with its power.
#pragma once

#include <sim/authentication.hpp>
#include <sim/gadget.hpp>
#include <sim/null_filter.hpp>

namespace recado::sim {

/// What belongs to the journal of one run.
struct gadget::keeping {
  keeping(store::storage& below, const settings& how)
      : index(entries(how)), places(how.outgoing), records(below, index, scratch), kept(records, places) {}
  // No more than it takes: of the quarter that messages leave there is one for each that is received, and for what the
  // server is, a subscription, CONNECTs without an answer, and a message that leaves the queue.
  static std::size_t entries(const settings& how) { return 1 + 4 * (std::min<std::size_t>(how.received, 20) + 4); }
  std::vector<store::index_entry> index;
  std::vector<std::uint32_t> places;
  std::array<std::byte, 256> scratch{};
  store::journal records;
  chain::session_store kept;
};

/// What climbs the lower rungs.
struct gadget::services {
  services(const device::configuration& chosen, const device::board& on)
      : memory(on.storage),
        address(chosen, on, memory, datagrams),
        names(on, storage.view(), over_tcp, datagrams),
        time(on.entropy) {}
  device::remembered memory;
  std::array<std::byte, dns::datagram_octets_max> room{};  ///< the stream's may be too short for a datagram here
  device::arrivals datagrams{room};
  device::address_service address;
  dns::resolver_storage<2, 8, 256> storage{};
  std::array<std::byte, 600> over_tcp{};
  device::name_service names;
  ntp::client time;
  device::datagram_pump<ntp::client, 128> pump{device::service::ntp, datagrams};
  instant time_again = never;       ///< the clock is set anew then, if it can be
  std::optional<duration> jumps{};  ///< the clock, once the next query is under way
  bool jumped = false;              ///< since the query began
  chain::rung naming = chain::rung::link;
  std::uint8_t host = 0;  ///< whose name is asked for
  bool told = false;      ///< a command was given or an event heard: they have to be asked again
  instant until = never;  ///< their earliest deadline
};

/// The way back to one of several brokers.
struct gadget::comeback {
  comeback(const chain::reconnect_policy& how, entropy& random) : way(how, random) {}
  chain::reconnect way;
  instant until = never;        ///< as the conductor wishes
  instant resolved_at = never;  ///< when the name's addresses are known, or not
  instant starts_at = never;    ///< the application wants a connection from then on
};

struct gadget::parts {
  parts(const chain::policy& how, const device::board& on, const mqtt::memory& memory, mutable_bytes receive,
        mutable_bytes outbox_memory, const chain::outbox_limits& limits, chain::outbox_listener* listener,
        const wall_clock* dates)
      : conductor(how, on.entropy),
        session(memory),
        filter(receive.size(), dates),
        stream_room(receive),
        channel(on, session, how.secure ? &filter : nullptr, stream_room),
        outbox(outbox_memory, limits, listener) {}

  std::unique_ptr<keeping> journal{};
  device::configuration chosen{};
  std::unique_ptr<services> services_below{};
  std::unique_ptr<comeback> back{};
  std::vector<std::uint8_t> named{};   ///< the brokers of the last Server Reference
  std::vector<std::uint8_t> fresh{};   ///< of the one that has just come
  bool named_for_good = false;         ///< by 0x9D
  bool round_over = true;              ///< since they were named
  std::uint32_t refused_for_good = 0;  ///< who of the list gave a final reason: one bit for each
  chain::broker_choice trying{};
  instant restarts_at = never;             ///< the ladder has ended, and is climbed again from then on
  bool leaving = false;                    ///< it says goodbye
  std::vector<std::uint32_t> undurable{};  ///< published or held, and not synced yet
  std::vector<std::uint32_t> unsettled{};  ///< of them those that were held
  std::vector<std::uint32_t> untold{};     ///< received with acknowledgement at once, and not synced yet
  chain::bring_up conductor;
  sim_authenticator proves{};
  mqtt::session session;
  null_filter filter;
  device::arrivals stream_room;
  device::channel channel;
  chain::outbox outbox;

  bool link = false;
  bool connected_before = false;
  bool subscribed = false;
  bool moved = false;  ///< another turn may find more to do
  bool acted = false;  ///< the application has given the session something to say
  bool subscribe_due = false;
  bool authenticate_due = false;
  bool unsubscribe_due = false;
  bool subscribes_again = false;  ///< on a connection on which it was subscribed
  mqtt::token subscribing{}, unsubscribing{};
  std::vector<std::string_view> filters{};  ///< that it asked for last
  std::vector<owed_receipt> owed{};

  // a message that arrives in pieces
  std::string topic{};
  mqtt::qos level{};
  bool retained = false;
  std::uint32_t arrived = 0, arriving_size = 0;
  std::vector<std::byte> pieces{};

  // a payload that is asked for
  bool supplying = false;
  std::uint32_t supply_number = 0, supply_offset = 0, supply_room = 0;
  instant supply_at{};
};

}  // namespace recado::sim
