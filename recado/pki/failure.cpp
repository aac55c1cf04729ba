#include <openssl/err.h>

#include <cerrno>
#include <cstring>

#include <recado/pki/failure.hpp>

namespace recado::pki {
namespace {

std::string remedy_for(int error) {
  switch (error) {
    case EACCES:
    case EPERM:
      return "change its permissions or run as its owner";
    case ENOENT:
      return "check the path";
    case ENOSPC:
      return "make room on the disk";
    case EISDIR:
      return "give the path of a file";
    case EROFS:
      return "choose a folder that can be written";
    default:
      return "check the path and the disk";
  }
}

}  // namespace

void fail_openssl(std::string cause, std::string remedy) {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  if (reason != nullptr) cause += std::string{": "} + reason;
  throw failure(cause, std::move(remedy));
}

void fail_system(std::string cause, int error) {
  throw failure(cause + ": " + std::strerror(error), remedy_for(error));
}

}  // namespace recado::pki
