#include "tls_server.h"

#include <string.h>

#include <mbedtls/ecp.h>
#include <mbedtls/oid.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#include <psa/crypto.h>

enum { queue_bytes = 8192, paper_bytes = 640, authority = 0, server = 1, client = 2, papers = 3 };

/* Bytes on their way. */
struct queue {
  unsigned char data[queue_bytes];
  size_t size;
};

static struct queue from_client, to_client, plaintext;
static mbedtls_pk_context keys[papers];
static unsigned char certificates[papers][paper_bytes], client_key[paper_bytes];
static size_t sizes[papers];
static mbedtls_x509_crt authority_parsed, server_parsed;
static mbedtls_ssl_config config;
static mbedtls_ssl_context tls;
static int suites[2];

static int put(struct queue *to, const unsigned char *what, size_t size) {
  if (size > queue_bytes - to->size) return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
  memcpy(to->data + to->size, what, size);
  to->size += size;
  return 0;
}

static size_t take(struct queue *from, unsigned char *out, size_t room) {
  const size_t size = room < from->size ? room : from->size;
  memcpy(out, from->data, size);
  from->size -= size;
  memmove(from->data, from->data + size, from->size);
  return size;
}

static int random_for_tls(void *context, unsigned char *out, size_t size) {
  size_t length;
  return recado_peer_random(context, out, size, &length);
}

/* A serial number of eight bytes, as RFC 5280 section 4.1.2.2 lets it be. */
static int write_certificate(mbedtls_x509write_cert *out, const char *subject, int which) {
  unsigned char serial[8] = {0x41, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0};
  serial[7] = (unsigned char) which;
  mbedtls_x509write_crt_set_version(out, MBEDTLS_X509_CRT_VERSION_3);
  mbedtls_x509write_crt_set_md_alg(out, MBEDTLS_MD_SHA256);
  mbedtls_x509write_crt_set_subject_key(out, &keys[which]);
  mbedtls_x509write_crt_set_issuer_key(out, &keys[authority]);
  int failed = mbedtls_x509write_crt_set_subject_name(out, subject);
  if (failed == 0) failed = mbedtls_x509write_crt_set_issuer_name(out, "CN=MQTT CA");
  if (failed == 0) failed = mbedtls_x509write_crt_set_validity(out, "20250101000000", "20491231235959");
  if (failed == 0) failed = mbedtls_x509write_crt_set_serial_raw(out, serial, sizeof serial);
  if (failed == 0) failed = mbedtls_x509write_crt_set_basic_constraints(out, which == authority, -1);
  const unsigned usage = which == authority ? MBEDTLS_X509_KU_KEY_CERT_SIGN | MBEDTLS_X509_KU_CRL_SIGN
                                            : MBEDTLS_X509_KU_DIGITAL_SIGNATURE;
  if (failed == 0) failed = mbedtls_x509write_crt_set_key_usage(out, usage);
  return failed;
}

static int set_names(mbedtls_x509write_cert *out, const char *name, int which) {
  mbedtls_x509_san_list names = {0};
  names.node.type = MBEDTLS_X509_SAN_DNS_NAME;
  names.node.san.unstructured_name.p = (unsigned char *) name;
  names.node.san.unstructured_name.len = strlen(name);
  const int failed = mbedtls_x509write_crt_set_subject_alternative_name(out, &names);
  if (failed != 0) return failed;
  mbedtls_asn1_sequence use = {0};
  use.buf.tag = MBEDTLS_ASN1_OID;
  use.buf.p = (unsigned char *) (which == server ? MBEDTLS_OID_SERVER_AUTH : MBEDTLS_OID_CLIENT_AUTH);
  use.buf.len = MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH);
  return mbedtls_x509write_crt_set_ext_key_usage(out, &use);
}

static int make(int which, const char *subject, const char *name) {
  mbedtls_pk_init(&keys[which]);
  int failed = mbedtls_pk_setup(&keys[which], mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));
  if (failed == 0)
    failed = mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(keys[which]), random_for_tls, NULL);
  mbedtls_x509write_cert out;
  mbedtls_x509write_crt_init(&out);
  if (failed == 0) failed = write_certificate(&out, subject, which);
  if (failed == 0 && which != authority) failed = set_names(&out, name, which);
  /* What Mbed TLS writes stands at the end of the room. */
  const int size = failed == 0 ? mbedtls_x509write_crt_der(&out, certificates[which], paper_bytes, random_for_tls, NULL)
                               : failed;
  mbedtls_x509write_crt_free(&out);
  if (size < 0) return size;
  memmove(certificates[which], certificates[which] + paper_bytes - size, (size_t) size);
  sizes[which] = (size_t) size;
  return 0;
}

int recado_peer_tls_make_papers(const char *name, struct recado_peer_papers *out) {
  int failed = (int) psa_crypto_init();
  if (failed == 0) failed = make(authority, "CN=MQTT CA", NULL);
  if (failed == 0) failed = make(server, "CN=broker", name);
  if (failed == 0) failed = make(client, "CN=device", "device.test");
  if (failed != 0) return failed;
  const int key = mbedtls_pk_write_key_der(&keys[client], client_key, sizeof client_key);
  if (key < 0) return key;
  mbedtls_x509_crt_init(&authority_parsed);
  mbedtls_x509_crt_init(&server_parsed);
  failed = mbedtls_x509_crt_parse_der(&authority_parsed, certificates[authority], sizes[authority]);
  if (failed == 0) failed = mbedtls_x509_crt_parse_der(&server_parsed, certificates[server], sizes[server]);
  *out = (struct recado_peer_papers){certificates[authority],
                                     certificates[client],
                                     client_key + sizeof client_key - key,
                                     sizes[authority],
                                     sizes[client],
                                     (size_t) key};
  return failed;
}

static int send_to_client(void *context, const unsigned char *what, size_t size) {
  (void) context;
  const int failed = put(&to_client, what, size);
  return failed != 0 ? failed : (int) size;
}

static int receive_from_client(void *context, unsigned char *out, size_t room) {
  (void) context;
  return from_client.size == 0 ? MBEDTLS_ERR_SSL_WANT_READ : (int) take(&from_client, out, room);
}

int recado_peer_tls_begin(int with_1_3, int suite) {
  static const char *protocols[] = {"mqtt", NULL};
  const mbedtls_ssl_protocol_version version = with_1_3 ? MBEDTLS_SSL_VERSION_TLS1_3 : MBEDTLS_SSL_VERSION_TLS1_2;
  mbedtls_ssl_free(&tls), mbedtls_ssl_config_free(&config);
  mbedtls_ssl_init(&tls), mbedtls_ssl_config_init(&config);
  from_client.size = to_client.size = plaintext.size = 0;
  int failed = mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM,
                                           MBEDTLS_SSL_PRESET_DEFAULT);
  if (failed != 0) return failed;
  suites[0] = suite;
  mbedtls_ssl_conf_ciphersuites(&config, suites);
  mbedtls_ssl_conf_rng(&config, random_for_tls, NULL);
  mbedtls_ssl_conf_min_tls_version(&config, version), mbedtls_ssl_conf_max_tls_version(&config, version);
  mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_REQUIRED);
  mbedtls_ssl_conf_ca_chain(&config, &authority_parsed, NULL);
  mbedtls_ssl_conf_new_session_tickets(&config, 0);
  failed = mbedtls_ssl_conf_alpn_protocols(&config, protocols);
  if (failed == 0) failed = mbedtls_ssl_conf_own_cert(&config, &server_parsed, &keys[server]);
  if (failed == 0) failed = mbedtls_ssl_setup(&tls, &config);
  mbedtls_ssl_set_bio(&tls, NULL, send_to_client, receive_from_client, NULL);
  return failed;
}

int recado_peer_tls_hear(const unsigned char *what, size_t size) {
  int result = put(&from_client, what, size);
  if (result != 0) return result;
  if (!mbedtls_ssl_is_handshake_over(&tls)) {
    result = mbedtls_ssl_handshake(&tls);
    if (result != 0) return result == MBEDTLS_ERR_SSL_WANT_READ ? 0 : result;
  }
  unsigned char part[512];
  while ((result = mbedtls_ssl_read(&tls, part, sizeof part)) > 0)
    if (put(&plaintext, part, (size_t) result) != 0) return MBEDTLS_ERR_SSL_INTERNAL_ERROR;
  return result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY ? 0 : result;
}

size_t recado_peer_tls_read(unsigned char *out, size_t room) { return take(&plaintext, out, room); }

int recado_peer_tls_write(const unsigned char *what, size_t size) {
  const int written = mbedtls_ssl_write(&tls, what, size);
  return written < 0 ? written : (size_t) written == size ? 0 : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

size_t recado_peer_tls_say(unsigned char *out, size_t room) { return take(&to_client, out, room); }
