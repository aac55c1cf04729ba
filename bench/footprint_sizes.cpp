// One symbol for each object, as large as it is: tools/footprint reads the sizes from the object file.
#include <recado/device/application.hpp>
#include <recado/tls/mbedtls/filter.hpp>

#define RECADO_SIZE(name, type)   \
  extern char name[sizeof(type)]; \
  char name[sizeof(type)]

namespace sizes {
RECADO_SIZE(mqtt_session, recado::mqtt::session);
RECADO_SIZE(dhcp_client, recado::dhcp::client);
RECADO_SIZE(dns_resolver, recado::dns::resolver);
RECADO_SIZE(dns_lookup, recado::dns::lookup);
RECADO_SIZE(ntp_client, recado::ntp::client);
RECADO_SIZE(tls_filter, recado::tls::mbedtls::filter);
RECADO_SIZE(chain_bring_up, recado::chain::bring_up);
RECADO_SIZE(chain_outbox, recado::chain::outbox);
RECADO_SIZE(store_journal, recado::store::journal);
RECADO_SIZE(device_application, recado::device::application);
RECADO_SIZE(device_address_service, recado::device::address_service);
RECADO_SIZE(device_name_service, recado::device::name_service);
RECADO_SIZE(device_channel, recado::device::channel);
RECADO_SIZE(device_presence, recado::device::presence);
RECADO_SIZE(device_test_mode, recado::device::test_mode);
}  // namespace sizes
