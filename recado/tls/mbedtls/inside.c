#include "common.h"
#include "mbedtls/platform.h"
#include "ssl_misc.h"

#include "inside.h"

#include "ssl_tls13_keys.h"

int recado_tls_certificate_asked(const mbedtls_ssl_context *ssl) {
  return ssl->handshake != NULL && ssl->handshake->client_auth != 0;
}

unsigned char recado_tls_alert(const mbedtls_ssl_context *ssl) { return ssl->in_msg[1]; }

const unsigned char *recado_tls_message(const mbedtls_ssl_context *ssl, int type, size_t *size) {
  const size_t header = 4;
  if (ssl->in_msgtype != MBEDTLS_SSL_MSG_HANDSHAKE || ssl->in_hslen < header || ssl->in_hslen > ssl->in_msglen ||
      ssl->in_msg[0] != type)
    return NULL;
  *size = ssl->in_hslen - header;
  return ssl->in_msg + header;
}

unsigned short recado_tls_group(const mbedtls_ssl_context *ssl) {
  if (ssl->handshake == NULL) return 0;
#if defined(MBEDTLS_SSL_PROTO_TLS1_3)
  if (ssl->tls_version == MBEDTLS_SSL_VERSION_TLS1_3) return ssl->handshake->offered_group_id;
#endif
#if defined(MBEDTLS_SSL_PROTO_TLS1_2) && defined(MBEDTLS_USE_PSA_CRYPTO)
  if (!PSA_KEY_TYPE_IS_ECC_KEY_PAIR(ssl->handshake->xxdh_psa_type)) return 0;
  return mbedtls_ssl_get_tls_id_from_ecp_group_id(mbedtls_ecc_group_from_psa(
      PSA_KEY_TYPE_ECC_GET_FAMILY(ssl->handshake->xxdh_psa_type), ssl->handshake->xxdh_psa_bits));
#elif defined(MBEDTLS_SSL_PROTO_TLS1_2) && defined(MBEDTLS_ECDH_C)
  return mbedtls_ssl_get_tls_id_from_ecp_group_id((mbedtls_ecp_group_id) mbedtls_ecdh_get_grp_id(
      (mbedtls_ecdh_context *) &ssl->handshake->ecdh_ctx));
#else
  return 0;
#endif
}

int recado_tls_rename_session(mbedtls_ssl_session *session, const char *host) {
#if defined(MBEDTLS_SSL_PROTO_TLS1_3) && defined(MBEDTLS_SSL_SESSION_TICKETS) && \
    defined(MBEDTLS_SSL_SERVER_NAME_INDICATION)
  return session->tls_version == MBEDTLS_SSL_VERSION_TLS1_3 ? mbedtls_ssl_session_set_hostname(session, host) : 0;
#else
  (void) session, (void) host;
  return 0;
#endif
}

const mbedtls_ssl_session *recado_tls_session(const mbedtls_ssl_context *ssl) { return ssl->session; }

void recado_tls_forget_certificates(mbedtls_ssl_context *ssl) {
  if (ssl->session == NULL || ssl->session->peer_cert == NULL) return;
  mbedtls_x509_crt_free(ssl->session->peer_cert);
  mbedtls_free(ssl->session->peer_cert);
  ssl->session->peer_cert = NULL;
}

size_t recado_tls_unsent(const mbedtls_ssl_context *ssl) { return ssl->out_left; }

int recado_tls_flush(mbedtls_ssl_context *ssl) { return mbedtls_ssl_flush_output(ssl); }

const char *recado_tls_host(const mbedtls_ssl_context *ssl) {
#if defined(MBEDTLS_X509_CRT_PARSE_C)
  return mbedtls_ssl_get_hostname_pointer(ssl);
#else
  (void) ssl;
  return NULL;
#endif
}

int recado_tls_group_too_small(const mbedtls_ssl_context *ssl) {
#if defined(MBEDTLS_DHM_C) && defined(MBEDTLS_SSL_PROTO_TLS1_2)
  size_t bits = 0;
  if (ssl->handshake != NULL) bits = mbedtls_dhm_get_bitlen(&ssl->handshake->dhm_ctx);
  return bits != 0 && bits < ssl->conf->dhm_min_bitlen;
#else
  (void) ssl;
  return 0;
#endif
}

enum { key_update = 24, message_header = 4, answer_bytes = message_header + 1, answer_record_bytes = 5 + answer_bytes + 17 };

int recado_tls_is_key_update(const mbedtls_ssl_context *ssl) {
  return ssl->tls_version == MBEDTLS_SSL_VERSION_TLS1_3 && ssl->in_msgtype == MBEDTLS_SSL_MSG_HANDSHAKE &&
         ssl->in_msg[0] == key_update;
}

/* application_traffic_secret_N+1 (RFC 8446 section 7.2) */
static int next_secret(psa_algorithm_t hash, unsigned char *secret) {
  unsigned char next[MBEDTLS_TLS1_3_MD_MAX_SIZE];
  const size_t size = PSA_HASH_LENGTH(hash);
  static const unsigned char label[] = {'t', 'r', 'a', 'f', 'f', 'i', 'c', ' ', 'u', 'p', 'd'};
  const int code = mbedtls_ssl_tls13_hkdf_expand_label(hash, secret, size, label, sizeof label, NULL, 0, next, size);
  if (code == 0) memcpy(secret, next, size);
  mbedtls_platform_zeroize(next, sizeof next);
  return code;
}

static int answer(mbedtls_ssl_context *ssl) {
  static const unsigned char message[answer_bytes] = {key_update, 0, 0, 1, 0};
  ssl->out_msgtype = MBEDTLS_SSL_MSG_HANDSHAKE;
  ssl->out_msglen = sizeof message;
  memcpy(ssl->out_msg, message, sizeof message);
  return mbedtls_ssl_write_record(ssl, 1);
}

/* The new keys of one or both directions; the other one keeps its own. */
static int change_keys(mbedtls_ssl_context *ssl, psa_algorithm_t hash, int suite, int both) {
  mbedtls_ssl_tls13_application_secrets *secrets = &ssl->session->app_secrets;
  mbedtls_ssl_key_set keys;
  const size_t key_size = suite == MBEDTLS_TLS1_3_AES_128_GCM_SHA256 ? 16 : 32;
  mbedtls_ssl_transform *fresh = mbedtls_calloc(1, sizeof *fresh);
  int code = MBEDTLS_ERR_SSL_ALLOC_FAILED;
  if (fresh == NULL) return code;
  mbedtls_ssl_transform_init(fresh);
  code = mbedtls_ssl_tls13_make_traffic_keys(hash, secrets->client_application_traffic_secret_N,
                                             secrets->server_application_traffic_secret_N, PSA_HASH_LENGTH(hash),
                                             key_size, 12, &keys);
  if (code == 0) code = mbedtls_ssl_tls13_populate_transform(fresh, ssl->conf->endpoint, suite, &keys, ssl);
  mbedtls_platform_zeroize(&keys, sizeof keys);
  if (code != 0) {
    mbedtls_ssl_transform_free(fresh);
    mbedtls_free(fresh);
    return code;
  }
  mbedtls_ssl_set_inbound_transform(ssl, fresh);
  if (both) mbedtls_ssl_set_outbound_transform(ssl, fresh);
  else ssl->transform_out = fresh;
  mbedtls_ssl_transform_free(ssl->transform_application);
  mbedtls_free(ssl->transform_application);
  ssl->transform_application = fresh;
  return 0;
}

int recado_tls_update_keys(mbedtls_ssl_context *ssl, size_t room) {
  const int suite = mbedtls_ssl_get_ciphersuite_id_from_ssl(ssl);
  const psa_algorithm_t hash = suite == MBEDTLS_TLS1_3_AES_256_GCM_SHA384 ? PSA_ALG_SHA_384 : PSA_ALG_SHA_256;
  const int asked = ssl->in_msg[message_header] == 1;
  int code;
  /* It has to be the last message of its record (RFC 8446 section 5.1). */
  if (ssl->in_hslen != answer_bytes || ssl->in_msglen != answer_bytes) return MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE;
  if (ssl->in_msg[message_header] > 1) return MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER;
  if (asked && (ssl->out_left != 0 || room < answer_record_bytes)) {
    ssl->keep_current_message = 1;
    return MBEDTLS_ERR_SSL_WANT_WRITE;
  }
  if (asked && (code = answer(ssl)) != 0) return code;
  code = next_secret(hash, ssl->session->app_secrets.server_application_traffic_secret_N);
  if (code == 0 && asked) code = next_secret(hash, ssl->session->app_secrets.client_application_traffic_secret_N);
  return code == 0 ? change_keys(ssl, hash, suite, asked) : code;
}
