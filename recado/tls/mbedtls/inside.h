/* What recado needs to know of a connection and Mbed TLS keeps to itself. */
#ifndef RECADO_TLS_MBEDTLS_INSIDE_H
#define RECADO_TLS_MBEDTLS_INSIDE_H

#include <mbedtls/ssl.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Not 0 if the server has asked for a client certificate; to be asked during the handshake. */
int recado_tls_certificate_asked(const mbedtls_ssl_context *ssl);
/* The number of the fatal alert that was received last. */
unsigned char recado_tls_alert(const mbedtls_ssl_context *ssl);
/* The body of the handshake message of kind `type` that is being read, or NULL. */
const unsigned char *recado_tls_message(const mbedtls_ssl_context *ssl, int type, size_t *size);
/* The group of the key exchange as numbered by IANA, or 0; to be asked during the handshake. */
unsigned short recado_tls_group(const mbedtls_ssl_context *ssl);
/* Lets a session be resumed under another name of the same server. */
int recado_tls_rename_session(mbedtls_ssl_session *session, const char *host);
/* The session of the connection, or NULL before there is one. */
const mbedtls_ssl_session *recado_tls_session(const mbedtls_ssl_context *ssl);
/* Gives back the peer's certificates, which nobody looks at after the handshake. */
void recado_tls_forget_certificates(mbedtls_ssl_context *ssl);
/* The name that is sent as SNI, or NULL. */
const char *recado_tls_host(const mbedtls_ssl_context *ssl);
/* Not 0 if the server's Diffie-Hellman group is below what the configuration allows. */
int recado_tls_group_too_small(const mbedtls_ssl_context *ssl);
/* Not 0 if the message that wasn't expected is a KeyUpdate (RFC 8446 section 4.6.3). */
int recado_tls_is_key_update(const mbedtls_ssl_context *ssl);
/* Follows that KeyUpdate, which Mbed TLS lacks: 0, or an error of Mbed TLS; WANT_WRITE if the answer doesn't fit into
 * `room`: the message is then read again. */
int recado_tls_update_keys(mbedtls_ssl_context *ssl, size_t room);
/* Bytes that Mbed TLS has formed and could not send yet. */
size_t recado_tls_unsent(const mbedtls_ssl_context *ssl);
/* Sends them, as far as there is room. */
int recado_tls_flush(mbedtls_ssl_context *ssl);

#ifdef __cplusplus
}
#endif
#endif
