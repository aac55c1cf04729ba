// The plan of the lab: its hosts, addresses, names, ports and files.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace recado::lab {

/// How the hosts are separated.
enum class mode {
  namespaces,  ///< one network namespace for each host, joined by veth and a bridge
  loopback,    ///< no namespaces allowed here: all on 127.0.0.1 with unprivileged ports
};

/// One host of the lab.
struct host {
  std::string_view name;
  std::string_view address;  ///< with prefix length; empty: by DHCP
};

inline constexpr std::array<host, 3> hosts{{
    {"router", "10.77.0.1/24"},
    {"broker", "10.77.0.2/24"},
    {"board", ""},
}};

/// The name of the bridge, in the namespace that holds nothing else.
inline constexpr std::string_view bridge = "lab0";
/// The interface of each host.
inline constexpr std::string_view host_interface = "eth0";

/// Addresses and ports as the servers of this lab use them.
struct plan {
  mode how = mode::namespaces;
  std::string router_address = "10.77.0.1";
  std::string broker_address = "10.77.0.2";
  std::uint16_t dns_port = 53;
  std::uint16_t ntp_port = 123;
  std::uint16_t mqtt_port = 1883;
  std::uint16_t mqtts_port = 8883;
};

/// The plan where no namespaces are allowed.
plan loopback_plan();

/// A part that cannot be used as it is: one line with cause and remedy.
struct lab_error {
  std::string text;
};

/// Everything a lab writes lies below one folder.
struct folder {
  std::filesystem::path root;

  std::filesystem::path state() const { return root / "state.json"; }
  std::filesystem::path lock() const { return root / "lock"; }
  std::filesystem::path pki() const { return root / "pki"; }
  std::filesystem::path log(std::string_view server) const { return root / (std::string{server} + ".log"); }
  std::filesystem::path config(std::string_view server) const { return root / (std::string{server} + ".conf"); }
  std::filesystem::path device_config() const { return root / "device.toml"; }
  std::filesystem::path device_storage() const { return root / "board"; }
};

/// What is remembered of a lab that is up: process numbers as this machine sees them.
struct state {
  mode how = mode::namespaces;
  pid_t keeper = 0;                           ///< the process whose end ends everything
  std::uint64_t keeper_started = 0;           ///< its start time, so that a reused number isn't taken for it
  std::array<pid_t, hosts.size()> holders{};  ///< one for each host, whose namespace is that host
};

/// Writes the state so that a reader sees all of it or nothing.
void save(const folder& where, const state& what);
/// The remembered state; nothing (keeper 0) if there is none.
state load(const folder& where);
/// True while the lab of this state is running.
bool alive(const state& what);

/// The start time of a process in clock ticks since boot, 0 if there is no such process.
std::uint64_t start_time(pid_t process);

}  // namespace recado::lab
