// 3. TLS with a client certificate:  03_tls mqtts://broker.example ca.crt device.crt device.key
//
// The server's chain, name and dates are always verified. `recado pki` makes such certificates.
#include <cstdio>

#include <recado/client/blocking_client.hpp>

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: %s mqtts://HOST[:PORT] CA CERTIFICATE KEY\n", argv[0]);
    return 2;
  }
  recado::client::options how;
  how.tls.ca_file = argv[2];
  how.tls.certificate_file = argv[3];
  how.tls.key_file = argv[4];
  recado::client::blocking_client broker{how};
  if (auto done = broker.connect(argv[1]); !done) {
    std::fprintf(stderr, "%s\n", done.error().line.c_str());  // "TLS: the server's certificate expired on …"
    return 1;
  }
  if (auto done = broker.publish("recado/secret", "for the broker only", recado::mqtt::qos::at_least_once); !done) {
    std::fprintf(stderr, "%s\n", done.error().line.c_str());
    return 1;
  }
  std::puts("published over TLS");
}
