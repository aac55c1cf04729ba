#include <recado/tls/openssl/transport.hpp>

namespace recado::tls::openssl {
namespace {

int write(BIO* bio, const char* data, std::size_t size, std::size_t* written) {
  auto& ends = *static_cast<transport*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  *written = ends.out.push(as_bytes({data, size}));
  if (*written != 0 || size == 0) return 1;
  BIO_set_retry_write(bio);
  return -1;
}

int read(BIO* bio, char* data, std::size_t size, std::size_t* taken) {
  auto& ends = *static_cast<transport*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  *taken = ends.in ? std::min(size, ends.in->size()) : 0;
  if (*taken == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  copy(ends.in->first(*taken), std::as_writable_bytes(std::span{data, size}));
  *ends.in = ends.in->subspan(*taken);
  return 1;
}

long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

const BIO_METHOD* method() {
  using method_handle = std::unique_ptr<BIO_METHOD, freed_by<BIO_meth_free>>;
  static const method_handle made = [] {
    method_handle result{BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "recado transport")};
    if (!result) return result;
    BIO_meth_set_write_ex(result.get(), write);
    BIO_meth_set_read_ex(result.get(), read);
    BIO_meth_set_ctrl(result.get(), control);
    return result;
  }();
  return made.get();
}

}  // namespace

bio_handle make_bio(transport& ends) {
  const BIO_METHOD* kind = method();
  bio_handle result{kind ? BIO_new(kind) : nullptr};
  if (result) {
    BIO_set_data(result.get(), &ends);
    BIO_set_init(result.get(), 1);
  }
  return result;
}

}  // namespace recado::tls::openssl
