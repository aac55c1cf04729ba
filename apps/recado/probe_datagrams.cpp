// The rungs over datagrams: DHCP, DNS, NTP.
#include <array>
#include <csignal>
#include <memory>

#include <recado/device/server.hpp>
#include <recado/dhcp/client.hpp>
#include <recado/dns/resolver.hpp>
#include <recado/dns/tcp_exchange.hpp>
#include <recado/drive/posix/arp_probe.hpp>
#include <recado/drive/posix/clock.hpp>
#include <recado/drive/posix/dhcp_socket.hpp>
#include <recado/drive/posix/drive_datagrams.hpp>
#include <recado/drive/posix/drive_stream.hpp>
#include <recado/drive/posix/entropy.hpp>
#include <recado/drive/posix/network_interface.hpp>
#include <recado/drive/posix/udp_socket.hpp>
#include <recado/ntp/client.hpp>

#include "probe.hpp"

namespace recado::app::probe {
namespace {

/// What a probe over datagrams needs, and the time when it must be over.
struct rig {
  explicit rig(const common_options& options)
      : how(options), shown(told(options)), start(posix::now()), end(start + patience_of(options)) {
    checked(loop.open());
  }
  /// Flushes, so that each packet is seen when it passes, and waits.
  void wait(instant until) {
    told(how).flush();
    loop.wait(std::min(until, end));
  }
  bool over() const { return posix::now() >= end; }

  const common_options& how;
  posix::loop loop;
  posix::system_entropy random;
  watch shown;
  instant start, end;
  std::array<std::byte, 65'536> memory;
};

// ---- DHCP ----

class dhcp_probe {
 public:
  dhcp_probe(const common_options& how, double arp_s) : rig_(std::make_unique<rig>(how)) {
    find_interface();
    if (!link_.status().ethernet) throw failure_of(make_fault(link_error::not_ethernet));
    rig_->shown.datagrams("DHCP", [](direction, bytes data, text_sink& to) { recado::dhcp::print(data, to); });
    socket_.observe(&rig_->shown);
    arp_.observe(&rig_->shown);
    checked(signals_.open(rig_->loop, {SIGINT, SIGTERM, SIGHUP}));
    if (!link_.status().up) checked(link_.set_up(true)), restored_.switched_on = true;
    wait_for_carrier();
    const auto total = std::chrono::duration_cast<duration>(std::chrono::duration<double>{arp_s});
    checked(socket_.open(rig_->loop, link_.status().name));
    checked(arp_.open(rig_->loop, link_.status().name, rig_->random, arp_timing::within(total)));
    options_.hardware = link_.status().mac;
    // A bit less than the whole, so that the machine's own words come first: it knows what was missing.
    options_.attempt_interval = patience_of(how) / 10 * 9;
    options_.attempts = 1;
    options_.retry_first = std::chrono::seconds{2};
    options_.probe = arp_s > 0;
  }
  int lease(bool keep) {
    start();
    client_->start(posix::now());
    run([this] { return bound_.has_value(); });
    print_result("lease", *bound_);
    if (!keep) give_back();
    return exit_success;
  }

  int inform(const ip_address& own) {
    start();
    recado::dhcp::lease mine;
    mine.address = own;
    mine.prefix = 24;
    if (const auto asked = client_->inform(mine, posix::now()); !asked) throw failure_of(make_fault(asked.error()));
    socket_.send_raw_from(own);
    run([this] { return bound_.has_value(); });
    print_result("parameters", *bound_);
    return exit_success;
  }

 private:
  void start() {
    client_.emplace(options_, rig_->random);
    client_->opened(posix::now());
  }
  void find_interface() {
    const auto found = link_.open(rig_->loop, interface_of(rig_->how));
    if (!found && rig_->how.interface.empty() && is(found.error(), link_error::no_such_interface))
      throw failure("no interface is named, and none of this host's has an Ethernet address, which DHCP needs",
                    "see 'ip link', and ask where there is one");
    checked(found);
  }
  void wait_for_carrier() {
    while (!link_.status().carrier) {
      if (rig_->over()) throw failure_of(make_fault(link_error::no_carrier));
      wait(rig_->end);
      link_.changed();
    }
  }
  void wait(instant until) {
    rig_->wait(until);
    if (signals_.next()) throw failure("interrupted before there was a lease", "the interface is as it was");
  }
  template <class Done>
  void run(Done done) {
    while (!done()) {
      const instant now = posix::now();
      const auto result = posix::drive(*client_, socket_, rig_->memory, now, [this](auto& event) {
        std::visit([this](auto& each) { this->hear(each); }, event);
      });
      if (failed_) throw failure_of(*failed_);
      if (const auto verdict = arp_.drive(now)) {
        hear(*verdict);
        continue;
      }
      if (done()) return;
      if (rig_->over()) throw too_late(rig_->how, "no lease was granted");
      wait(std::min(result.deadline, arp_.deadline()));
    }
  }
  void hear(recado::dhcp::probe_address& event) { arp_.start(event.address, posix::now()); }
  void hear(recado::dhcp::bound& event) { bound_ = *event.granted; }
  void hear(recado::dhcp::parameters& event) { bound_ = *event.known; }
  void hear(recado::dhcp::renewed&) {}
  void hear(recado::dhcp::lease_lost& event) { failed_ = event.why; }
  void hear(recado::dhcp::failed& event) { failed_ = event.why; }
  void hear(posix::arp_probe::verdict verdict) {
    if (verdict == posix::arp_probe::verdict::free) return client_->address_is_free(posix::now());
    rig_->shown.note(posix::now()) << painted{style::warning, "conflict  "} << arp_.holder() << " has that address\n";
    client_->conflict(posix::now());
  }
  void print_result(std::string_view what, const recado::dhcp::lease& lease) {
    out() << painted{style::good, what} << '\n';
    indented fields{out()};
    recado::dhcp::print(lease, fields);
  }
  void give_back() {
    socket_.send_raw_from(bound_->address);
    client_->release(posix::now());
    posix::drive(*client_, socket_, rig_->memory, posix::now(), [](auto&) {});
    out() << "the address was given back (--keep would leave it leased)\n";
  }

  std::unique_ptr<rig> rig_;
  posix::signals signals_;
  posix::network_interface link_;
  /// The interface is left as it was found.
  struct restored {
    posix::network_interface& link;
    bool switched_on = false;
    ~restored() {
      if (switched_on) (void)link.set_up(false);
    }
  } restored_{link_};
  posix::dhcp_socket socket_;
  posix::arp_probe arp_;
  recado::dhcp::options options_;
  std::optional<recado::dhcp::client> client_;
  std::optional<recado::dhcp::lease> bound_;
  std::optional<fault> failed_;
};

// ---- DNS ----

std::vector<endpoint> dns_servers_of(const std::vector<std::string>& given) {
  std::vector<endpoint> result;
  for (const std::string& each : given) {
    const auto named = device::parse_server(each, recado::dns::server_port);
    const auto address = named ? parse_address(named->host) : std::nullopt;
    if (!address)
      throw usage_error("'" + each + "' is no address",
                        "DNS servers are given by address: 192.0.2.53, 192.0.2.53:5353");
    result.push_back({*address, named->port});
  }
  if (result.empty()) result = system_dns_servers();
  if (result.empty())
    throw failure("no DNS server is known: /etc/resolv.conf names none", "give one with --server ADDRESS");
  return result;
}

class dns_probe {
 public:
  dns_probe(const common_options& how, std::span<const endpoint> servers)
      : rig_(std::make_unique<rig>(how)), resolver_(storage_.view(), rig_->random), exchange_(tcp_memory_) {
    posix::udp_options options;
    options.interface = interface_of(how);
    tcp_options_.interface = options.interface;
    rig_->shown.datagrams("DNS", [](direction, bytes data, text_sink& to) { recado::dns::print(data, to); });
    rig_->shown.wire(print_over_tcp);
    sockets_.observe(&rig_->shown);
    stream_.observe(&rig_->shown);
    sockets_.open(rig_->loop, options);
    resolver_.opened(rig_->start);
    resolver_.set_servers(servers, rig_->start);
  }

  std::vector<ip_address> run(const std::string& name, recado::dns::family wanted) {
    if (const auto asked = resolver_.resolve(name, wanted, posix::now()); !asked)
      throw failure_of(make_fault(asked.error()));
    while (!answered_) {
      const instant now = posix::now();
      auto until = posix::drive(resolver_, sockets_, rig_->memory, now, [this](auto& event) {
                     std::visit([this](auto& each) { this->hear(each); }, event);
                   }).deadline;
      if (tcp_) until = std::min(until, drive_tcp(now));
      if (failed_) throw failure_of(*failed_);
      if (answered_) break;
      if (rig_->over()) throw too_late(rig_->how, "no DNS server answered");
      rig_->wait(until);
    }
    return found_;
  }

 private:
  static std::size_t print_over_tcp(direction, bytes data, text_sink& to) {
    wire::reader in{data};
    const bytes message = in.take(in.u16());
    if (in.failed()) return 0;
    to << "DNS over TCP, ";
    to.number(message.size());
    to << " bytes\n";
    recado::dns::print(message, to);
    return in.offset();
  }
  void hear(recado::dns::resolved& event) {
    answered_ = true;
    console& to = told(rig_->how);
    to << painted{style::good, "addresses"} << " (to be kept for ";
    to.number(static_cast<std::uint64_t>(event.ttl.count()));
    to << " s)\n";
    for (const auto& each : event.addresses) to << "    " << each << '\n', found_.push_back(each);
    if (event.more) to << "    and more than fit\n";
  }
  void hear(recado::dns::failed& event) { failed_ = event.why; }
  void hear(recado::dns::wants_tcp& event) {
    const instant now = posix::now();
    tcp_ = event;
    if (const auto asked = exchange_.start(event.what, now); !asked) return end_tcp(make_fault(asked.error()));
    if (const auto begun = stream_.connect(rig_->loop, {&tcp_->server, 1}, tcp_options_, now); !begun)
      end_tcp(begun.error());
  }
  instant drive_tcp(instant now) {
    const auto result = posix::drive(exchange_, stream_, tcp_buffer_, now, [&](auto& event) {
      using event_type = recado::dns::tcp_exchange;
      if (const auto* done = std::get_if<event_type::answered>(&event))
        resolver_.answered_over_tcp(tcp_->id, tcp_->type, done->message, now), tcp_.reset();
      else end_tcp(std::get<event_type::closed>(event).why);
      return posix::flow::finish;
    });
    return tcp_ ? result.deadline : now;
  }
  void end_tcp(fault why) {
    resolver_.tcp_failed(tcp_->id, tcp_->type, why, posix::now());
    tcp_.reset();
  }

  std::unique_ptr<rig> rig_;
  recado::dns::resolver_storage<> storage_;
  recado::dns::resolver resolver_;
  posix::udp_sockets sockets_;
  std::array<std::byte, recado::dns::tcp_message_octets_max + 2> tcp_memory_;
  std::array<std::byte, 16'384> tcp_receive_;
  posix::receive_buffer tcp_buffer_{tcp_receive_};
  recado::dns::tcp_exchange exchange_;
  posix::tcp_stream stream_;
  posix::tcp_options tcp_options_;
  std::optional<recado::dns::wants_tcp> tcp_;
  std::optional<fault> failed_;
  std::vector<ip_address> found_;
  bool answered_ = false;
};

// ---- NTP ----

void print_milliseconds(std::string_view name, duration value, text_sink& to) {
  const auto micros = value.count();
  to << name << (micros < 0 ? " -" : " ");
  const auto size = static_cast<std::uint64_t>(micros < 0 ? -micros : micros);
  to.number(size / 1'000) << '.';
  to.number(size % 1'000, 3, '0') << " ms\n";
}

/// The best sample may be many seconds old when the last one was taken: the time is that of `now`.
void print_result(const recado::ntp::synchronised& result, instant now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(result.utc + (now - result.at));
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts);
  out() << painted{style::good, std::string_view{text.data(), size}} << '\n';
  indented fields{out()};
  fields << "server " << result.server << "\nstratum ";
  fields.number(result.stratum) << '\n';
  print_milliseconds("the system's clock is behind by", result.offset, fields);
  print_milliseconds("delay", result.delay, fields);
  print_milliseconds("root delay", result.root_delay, fields);
  print_milliseconds("root dispersion", result.root_dispersion, fields);
  fields << "samples ";
  fields.number(result.samples) << '\n';
}

}  // namespace

int dhcp(const common_options& how, const std::string& inform, bool keep, double arp_s) {
  const auto own = parse_address(inform);
  if (!inform.empty() && !own) throw usage_error("'" + inform + "' is no address", "like --inform 192.0.2.7");
  auto probe = std::make_unique<dhcp_probe>(how, arp_s);
  return own ? probe->inform(*own) : probe->lease(keep);
}

std::vector<ip_address> ask_dns(const common_options& how, const std::string& name,
                                const std::vector<std::string>& servers, int family) {
  using wish = recado::dns::family;
  const auto wanted = family == 4 ? wish::v4 : family == 6 ? wish::v6 : wish::any;
  return std::make_unique<dns_probe>(how, dns_servers_of(servers))->run(name, wanted);
}

int dns(const common_options& how, const std::string& name, const std::vector<std::string>& servers, int family) {
  (void)ask_dns(how, name, servers, family);
  return exit_success;
}

int ntp(const common_options& how, const std::string& server, std::uint16_t port, unsigned samples) {
  const auto servers = addresses_of(how, server, port);
  auto with = std::make_unique<rig>(how);
  with->shown.datagrams("NTP", [](direction, bytes data, text_sink& to) {
    const auto packet = recado::ntp::decode(data);
    if (packet) recado::ntp::print(*packet, posix::realtime(), to);
    else to << "not an NTP packet\n";
  });
  posix::udp_sockets sockets;
  posix::udp_options options;
  options.interface = interface_of(how);
  sockets.observe(&with->shown);
  sockets.open(with->loop, options);
  recado::ntp::client client{with->random};
  recado::ntp::options measure;
  measure.samples = samples;
  measure.clock.set(posix::realtime(), posix::now());
  client.opened(with->start);
  if (const auto begun = client.start(servers, measure, with->start); !begun)
    throw failure_of(make_fault(begun.error()));
  std::optional<recado::ntp::synchronised> result;
  std::optional<fault> failed;
  while (!result) {
    const auto turn = posix::drive(client, sockets, with->memory, posix::now(), [&](auto& event) {
      if (const auto* good = std::get_if<recado::ntp::synchronised>(&event)) result = *good;
      else failed = std::get<recado::ntp::failed>(event).why;
    });
    if (failed) throw failure_of(*failed);
    if (result) break;
    if (with->over()) throw too_late(how, "the time was not learned");
    with->wait(turn.deadline);
  }
  print_result(*result, posix::now());
  return exit_success;
}

}  // namespace recado::app::probe
