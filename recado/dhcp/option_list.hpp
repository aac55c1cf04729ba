// The options that are known, for the tables that are made of them: X(option, kind, the name that is printed). What the
// names are for, printing, isn't in every program.
#pragma once

#define RECADO_DHCP_OPTIONS(X)                       \
  X(subnet_mask, address, "subnet mask")             \
  X(routers, addresses, "routers")                   \
  X(dns_servers, addresses, "DNS servers")           \
  X(host_name, text, "host name")                    \
  X(domain, text, "domain name")                     \
  X(mtu, u16, "interface MTU")                       \
  X(broadcast_address, address, "broadcast address") \
  X(ntp_servers, addresses, "NTP servers")           \
  X(requested_address, address, "requested address") \
  X(lease_time, seconds, "lease time")               \
  X(overload, overload, "overload")                  \
  X(message_type, type, "message type")              \
  X(server_identifier, address, "server identifier") \
  X(parameter_list, codes, "parameter request list") \
  X(message, text, "message")                        \
  X(message_size_max, u16, "maximum message size")   \
  X(renewal_time, seconds, "renewal time T1")        \
  X(rebinding_time, seconds, "rebinding time T2")    \
  X(vendor_class, text, "vendor class")              \
  X(client_identifier, opaque, "client identifier")  \
  X(classless_routes, routes, "classless static routes")
