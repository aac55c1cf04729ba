#include "floors.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <lwip/pbuf.h>
#include <lwip/tcp.h>
#include <mbedtls/chachapoly.h>
#include <mbedtls/gcm.h>

namespace recado::measure {
namespace {

constexpr int repetitions = 8;
constexpr unsigned char key[32] = {1, 2, 3}, nonce[12] = {4, 5, 6}, associated_data[16] = {23, 3, 3};
alignas(8) std::array<unsigned char, 2048> buffer;

void keep_least(std::uint32_t& least, std::uint64_t now) {
  const auto value = static_cast<std::uint32_t>(now);
  if (least == 0 || value < least) least = value;
}

/// Both directions over and over, in place; `seal` and `open` answer 0.
template <class Seal, class Open>
record_cost least_of(device::stopwatch& counter, Seal seal, Open open) {
  record_cost result;
  for (int i = 0; i < repetitions; ++i) {
    const std::uint64_t begun = counter.nanoseconds();
    const int sealed = seal();
    const std::uint64_t middle = counter.nanoseconds();
    const int opened = open();
    const std::uint64_t end = counter.nanoseconds();
    if (sealed != 0 || opened != 0) return {};
    keep_least(result.seal, middle - begun), keep_least(result.open, end - middle);
  }
  return result;
}

record_cost by_chachapoly(std::size_t plaintext, std::size_t associated, device::stopwatch& counter) {
  unsigned char tag[16];
  mbedtls_chachapoly_context context;
  mbedtls_chachapoly_init(&context);
  (void)mbedtls_chachapoly_setkey(&context, key);
  auto* const data = buffer.data();
  const auto result = least_of(
      counter,
      [&] {
        return mbedtls_chachapoly_encrypt_and_tag(&context, plaintext, nonce, associated_data, associated, data, data,
                                                  tag);
      },
      [&] {
        return mbedtls_chachapoly_auth_decrypt(&context, plaintext, nonce, associated_data, associated, tag, data,
                                               data);
      });
  mbedtls_chachapoly_free(&context);
  return result;
}

#if defined(MBEDTLS_GCM_C)
record_cost by_gcm(unsigned key_bits, std::size_t plaintext, std::size_t associated, device::stopwatch& counter) {
  unsigned char tag[16];
  mbedtls_gcm_context context;
  mbedtls_gcm_init(&context);
  const bool ready = mbedtls_gcm_setkey(&context, MBEDTLS_CIPHER_ID_AES, key, key_bits) == 0;
  auto* const data = buffer.data();
  const auto result = least_of(
      counter,
      [&] {
        return ready ? mbedtls_gcm_crypt_and_tag(&context, MBEDTLS_GCM_ENCRYPT, plaintext, nonce, sizeof nonce,
                                                 associated_data, associated, data, data, sizeof tag, tag)
                     : -1;
      },
      [&] {
        return mbedtls_gcm_auth_decrypt(&context, plaintext, nonce, sizeof nonce, associated_data, associated, tag,
                                        sizeof tag, data, data);
      });
  mbedtls_gcm_free(&context);
  return result;
}
#else
record_cost by_gcm(unsigned, std::size_t, std::size_t, device::stopwatch&) { return {}; }
#endif

/// A connection by lwIP's raw interface and nothing else.
class raw_connection {
 public:
  raw_connection(const endpoint& to, cable& wire) : wire_(wire), pcb_(tcp_new()) {
    const ip_addr_t address{lwip_htonl(to.address.v4_value())};
    tcp_arg(pcb_, this);
    tcp_recv(pcb_, on_received);
    tcp_nagle_disable(pcb_);
    (void)tcp_connect(pcb_, &address, to.port, [](void*, tcp_pcb*, err_t) -> err_t { return ERR_OK; });
    wire_.carry();
  }
  raw_connection(const raw_connection&) = delete;
  raw_connection& operator=(const raw_connection&) = delete;
  ~raw_connection() {
    tcp_arg(pcb_, nullptr);
    tcp_recv(pcb_, nullptr);
    tcp_abort(pcb_);
    wire_.carry();
  }
  void send(bytes what, u8_t how) {
    (void)tcp_write(pcb_, what.data(), static_cast<u16_t>(what.size()), how);
    (void)tcp_output(pcb_);
  }
  void take(std::size_t size) {
    if (received_ == nullptr || received_->tot_len != size) return;
    (void)pbuf_copy_partial(received_, buffer.data(), static_cast<u16_t>(size), 0);
    pbuf_free(std::exchange(received_, nullptr));
    tcp_recved(pcb_, static_cast<u16_t>(size));
  }
  bool has(std::size_t size) const { return received_ != nullptr && received_->tot_len == size; }

 private:
  static err_t on_received(void* self, tcp_pcb*, pbuf* what, err_t) {
    static_cast<raw_connection*>(self)->received_ = what;
    return ERR_OK;
  }

  cable& wire_;
  tcp_pcb* pcb_;
  pbuf* received_ = nullptr;
};

}  // namespace

record_cost record_alone(aead which, std::size_t plaintext, std::size_t associated, device::stopwatch& counter) {
  if (which == aead::none) return {};
  if (which == aead::chacha20_poly1305) return by_chachapoly(plaintext, associated, counter);
  return by_gcm(which == aead::aes_128_gcm ? 128 : 256, plaintext, associated, counter);
}

// Lent or copied, whichever costs less.
segment_cost segment_alone(std::size_t size, const endpoint& listener, const endpoint& speaker, cable& wire,
                           device::stopwatch& counter) {
  segment_cost result;
  {
    raw_connection out{listener, wire};
    for (int i = 0; i < 2 * repetitions; ++i) {
      const std::uint64_t begun = counter.nanoseconds();
      out.send(std::as_bytes(std::span{buffer}).first(size), i % 2 == 0 ? 0 : TCP_WRITE_FLAG_COPY);
      keep_least(result.out, counter.nanoseconds() - begun);
      wire.carry();
    }
  }
  raw_connection in{speaker, wire};
  const std::array<std::byte, 2> request{static_cast<std::byte>(size >> 8), static_cast<std::byte>(size & 0xff)};
  for (int i = 0; i < repetitions; ++i) {
    (void)wire.taken_in();
    in.send(request, TCP_WRITE_FLAG_COPY);
    wire.carry();
    keep_least(result.in, wire.taken_in());
    if (!in.has(size)) return {};
    const std::uint64_t begun = counter.nanoseconds();
    in.take(size);
    keep_least(result.take, counter.nanoseconds() - begun);
  }
  return result;
}

}  // namespace recado::measure
