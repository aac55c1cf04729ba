// Memory and randomness of the peer's Mbed TLS, apart from the client's.
#include <array>
#include <limits>

#include <boards/common/random.hpp>
#include <recado/tls/mbedtls/pool.hpp>

#include "peer_memory.hpp"
#include "tls_server.h"

namespace recado::measure {
namespace {

alignas(8) std::array<std::byte, 96 * 1024> memory;
tls::mbedtls::pool pool;
firmware::random_generator random_numbers;

}  // namespace

bool start_peer(bytes seed) {
  pool.give(memory);
  return random_numbers.start(seed, as_bytes("peer"));
}

}  // namespace recado::measure

extern "C" {

void* recado_peer_allocate(std::size_t count, std::size_t size) {
  if (size != 0 && count > std::numeric_limits<std::size_t>::max() / size) return nullptr;
  void* const given = recado::measure::pool.take(count * size);
  if (given != nullptr) std::memset(given, 0, count * size);
  return given;
}

void recado_peer_release(void* memory) { recado::measure::pool.release(memory); }

int recado_peer_random(void*, unsigned char* out, std::size_t size, std::size_t* length) {
  recado::measure::random_numbers.fill({reinterpret_cast<std::byte*>(out), size});
  *length = size;
  return 0;
}
}
