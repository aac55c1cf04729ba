/* The broker's end of TLS in the measuring image: a server on an Mbed TLS of its own, whose names nobody else sees, so
 * that the client's is the firmware's, byte for byte. */
#ifndef RECADO_TLS_SERVER_H
#define RECADO_TLS_SERVER_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Randomness of the peer, memory of the peer: measure/peer_memory.cpp. */
int recado_peer_random(void *context, unsigned char *out, size_t size, size_t *length);

/* Certificates and the client's key, as DER. */
struct recado_peer_papers {
  const unsigned char *authority, *certificate, *key;
  size_t authority_size, certificate_size, key_size;
};

/* Makes an authority, the server's certificate for that name, and the client's. 0, or Mbed TLS's error. */
int recado_peer_tls_make_papers(const char *name, struct recado_peer_papers *out);
/* Awaits a client with TLS 1.3 (else 1.2) and one suite by its number. 0, or Mbed TLS's error. */
int recado_peer_tls_begin(int with_1_3, int suite);
/* Takes ciphertext from the client. 0, or Mbed TLS's error. */
int recado_peer_tls_hear(const unsigned char *what, size_t size);
/* The plaintext that it held, `room` bytes of it at most. */
size_t recado_peer_tls_read(unsigned char *out, size_t room);
/* Encrypts that for the client. 0, or Mbed TLS's error. */
int recado_peer_tls_write(const unsigned char *what, size_t size);
/* The ciphertext for the client, `room` bytes of it at most. */
size_t recado_peer_tls_say(unsigned char *out, size_t room);

#ifdef __cplusplus
}
#endif

#endif
