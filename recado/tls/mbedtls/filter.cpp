#include <recado/tls/mbedtls/filter.hpp>

namespace recado::tls::mbedtls {

filter::filter(context& shared, const memory& given) : connection_(shared, given.outgoing, given.plaintext) {}

std::expected<void, error> filter::set_peer(std::string_view host) { return connection_.set_peer(host); }
void filter::opened(instant now) { connection_.opened(now); }
void filter::lost(fault why, instant) { connection_.lost(why); }
std::optional<filter::event> filter::receive(bytes& in, instant now) { return connection_.receive(in, now); }
bytes filter::pending(instant) { return connection_.pending(); }
void filter::sent(std::size_t n) { connection_.sent(n); }
instant filter::deadline() const { return connection_.deadline(); }
bool filter::ready() const { return connection_.ready(); }
bytes filter::plaintext() const { return connection_.plaintext(); }
void filter::consumed(std::size_t n) { connection_.consumed(n); }
std::size_t filter::write(bytes out, instant now) { return connection_.write(out, now); }
void filter::close(instant now) { connection_.close(now); }

}  // namespace recado::tls::mbedtls
