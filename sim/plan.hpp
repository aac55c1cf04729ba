// What a seed decides before a life begins: how the device is made and used, and what will happen to it, and when.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <recado/chain/outbox.hpp>
#include <recado/core/instant.hpp>
#include <recado/mqtt/memory.hpp>
#include <recado/mqtt/options.hpp>

namespace recado::sim {

/// A fault is nobody's wish; the rest is what users and brokers do by their own right.
enum class nature : std::uint8_t { fault, wish };

// name, how often it is drawn, the longest time that it lasts in seconds (0: it is over at once), nature, words
#define RECADO_SIM_MISHAPS(X)                                                                        \
  X(stream_reset, 6, 0, fault, "the stream is reset")                                                \
  X(stream_cut_up, 6, 0, fault, "the stream breaks after so many more bytes to the broker")          \
  X(stream_cut_down, 6, 0, fault, "the stream breaks after so many more bytes from the broker")      \
  X(stream_closed, 4, 0, fault, "the broker's side closes the stream")                               \
  X(stream_silent, 3, 0, fault, "the stream is dead, and nobody is told")                            \
  X(stream_stalls_up, 4, 90, fault, "the stream takes no bytes")                                     \
  X(stream_stalls_down, 4, 90, fault, "nothing arrives from the broker")                             \
  X(stream_fragments, 5, 200, fault, "the stream gives and takes a few bytes at a time")             \
  X(path_slow, 4, 200, fault, "the path is slow")                                                    \
  X(cable_out, 3, 120, fault, "the cable is out")                                                    \
  X(broker_refuses_stream, 2, 120, fault, "nobody listens on the broker's port")                     \
  X(broker_restarts, 4, 60, fault, "the broker restarts with its sessions")                          \
  X(broker_forgets, 3, 60, fault, "the broker restarts without its sessions")                        \
  X(broker_drops_session, 2, 0, fault, "the broker drops the session, and the connection")           \
  X(connack_lost, 6, 0, fault, "the broker drops the session, and the CONNACK that says so is lost") \
  X(broker_disconnects, 4, 0, fault, "the broker says DISCONNECT")                                   \
  X(broker_refuses, 3, 120, fault, "the broker refuses CONNECT")                                     \
  X(broker_mute, 2, 120, fault, "the broker answers no CONNECT")                                     \
  X(connect_late, 6, 0, fault, "the broker takes a CONNECT late, behind one that it has answered")   \
  X(broker_slow, 5, 120, fault, "the broker answers late and out of order")                          \
  X(broker_strict, 6, 0, fault, "the broker announces tight limits from now on, and disconnects")    \
  X(broker_generous, 2, 0, wish, "the broker announces no limits from now on, and disconnects")      \
  X(broker_rejects, 3, 120, fault, "the broker rejects some of the messages")                        \
  X(broker_refers, 4, 120, fault, "the broker names another one (0x9C, 0x9D)")                       \
  X(host_away, 4, 200, fault, "nobody listens at one of several brokers")                            \
  X(address_dead, 3, 300, fault, "one of a broker's addresses leads nowhere")                        \
  X(device_leaves, 3, 0, wish, "the application says goodbye, and comes back")                       \
  X(device_unsubscribes, 4, 0, wish, "the application ends its subscriptions, and makes them again") \
  X(device_authenticates, 4, 0, wish, "the device authenticates itself again")                       \
  X(burst, 6, 0, wish, "many messages at once, in both directions")                                  \
  X(device_sleeps, 2, 400, fault, "the device does nothing for a while")                             \
  X(datagrams_suffer, 4, 300, fault, "datagrams are lost, delayed, doubled and overtaken")           \
  X(dhcp_silent, 2, 300, fault, "the DHCP server is silent")                                         \
  X(dhcp_moves, 2, 0, fault, "the DHCP server refuses the address, and gives another")               \
  X(dns_silent, 2, 200, fault, "the DNS server is silent")                                           \
  X(dns_fails, 2, 200, fault, "the DNS server has no answer")                                        \
  X(ntp_silent, 2, 200, fault, "the NTP server is silent")                                           \
  X(ntp_lies, 2, 200, fault, "the NTP server does not know the time")                                \
  X(clock_jumps, 2, 0, fault, "the device's clock jumps")                                            \
  X(device_restarts, 3, 20, fault, "the device loses power")                                         \
  X(power_fails_in_write, 4, 20, fault, "the device loses power in the middle of a write")

/// What can go wrong.
enum class mishap : std::uint8_t {
#define RECADO_SIM_MISHAP_ENUMERATOR(name, weight, seconds, nature, text) name,
  RECADO_SIM_MISHAPS(RECADO_SIM_MISHAP_ENUMERATOR)
#undef RECADO_SIM_MISHAP_ENUMERATOR
};
#define RECADO_SIM_MISHAP_COUNT(name, weight, seconds, nature, text) +1
inline constexpr std::size_t mishap_count = 0 RECADO_SIM_MISHAPS(RECADO_SIM_MISHAP_COUNT);
#undef RECADO_SIM_MISHAP_COUNT

/// "stream_reset".
std::string_view name_of(mishap what);
/// "the stream is reset".
std::string_view words(mishap what);
bool is_fault(mishap what);

/// One of them in a life.
struct planned {
  instant at{};
  mishap what{};
  duration length{};       ///< how long it lasts
  std::uint32_t size = 0;  ///< what its kind makes of it: bytes, messages, which reason
};

/// How the device is made and used.
struct settings {
  mqtt::version version = mqtt::version::v5_0;
  bool ladder = false;         ///< address, time and name have to be got first
  bool reconnects = false;     ///< `chain::reconnect` is the conductor, else `chain::bring_up`
  std::uint8_t hosts = 1;      ///< so many brokers share the session
  bool retries_final = false;  ///< it is to try again whatever the reason
  bool follows = true;         ///< Server References
  bool secure = false;         ///< a filter stands between stream and session
  bool deferred = false;       ///< the application says when it has a message, else it has it when it is told
  bool hears_all = false;      ///< it takes all events before it does anything else
  bool journal = false;        ///< the session outlives the loss of power
  bool holds = false;          ///< what waits for a connection lies in the journal, too
  std::uint32_t sector_bytes = 0, sectors = 0, program_bytes = 1, page_bytes = 1;
  bool dates = false;        ///< a clock goes on without power: what waits in the journal expires in time
  bool names_itself = true;  ///< else the server assigns the client identifier
  mqtt::lost_session when_lost = mqtt::lost_session::publish_again;
  std::uint16_t keep_alive_s = 60;
  std::uint32_t session_expiry_s = 0;
  std::uint16_t receive_maximum = 0;
  std::uint32_t maximum_packet_size = 0;
  bool wants_problem_information = true;
  bool authenticates = false;  ///< by an exchange of AUTH
  bool has_will = true, will_retained = false;
  mqtt::qos will_qos{};
  std::uint32_t will_delay_s = 0;
  std::size_t transmit = 0, outgoing = 0, received = 0, owed = 0, receive = 0, outbox = 0;
  std::size_t outbox_messages = 0;
  chain::outbox_policy when_full = chain::outbox_policy::refuse;
  std::uint16_t incoming_aliases = 0, outgoing_aliases = 0;
  std::uint32_t window = 0;    ///< bytes that the stream holds in each direction
  std::uint32_t messages = 0;  ///< in each direction
  duration latency{};          ///< of the path at its best
};

/// All that a seed decides beforehand.
struct plan {
  std::uint64_t seed = 0;
  settings how;
  std::vector<planned> mishaps;  ///< in their order; what is left out has not happened
  bool adds = true;              ///< the life gets more of them in its last minutes if too few had an effect
};

/// A life takes so long before the world is mended for good.
inline constexpr duration life_length = std::chrono::hours{1};
inline constexpr std::uint32_t messages_min =
    96;  ///< in each direction; with those that nobody could take less, but not below:
inline constexpr std::uint32_t messages_of_life_min = 200;
inline constexpr std::uint32_t faults_min = 10;    ///< that have an effect
inline constexpr std::uint8_t hosts_max = 3;       ///< brokers that share a session
inline constexpr std::uint16_t addresses_max = 2;  ///< of each

/// Can it happen to a device that is made so?
bool possible(mishap what, const settings& how);
plan make_plan(std::uint64_t seed);
/// Puts them where they belong in time.
void insert(plan& into, const std::vector<planned>& more);
/// One line for each mishap, as a trace begins.
std::string print(const plan& all);

}  // namespace recado::sim
