#include <recado/drive/lwip/faults.hpp>

#include <lwip/err.h>

namespace recado::lwip {
namespace {

stream_error error_of(int error) {
  switch (error) {
    case ERR_RST:
      return stream_error::reset;
    case ERR_RTE:
      return stream_error::unreachable;
    case ERR_TIMEOUT:
    case ERR_ABRT:  // how lwIP says that nothing was acknowledged for too long
      return stream_error::timed_out;
    case ERR_CLSD:
      return stream_error::closed_by_peer;
    case ERR_IF:
      return stream_error::interface_down;
    default:
      return stream_error::other;
  }
}

}  // namespace

fault stream_fault(int error) { return make_fault(error_of(error), static_cast<std::uint32_t>(-error)); }

}  // namespace recado::lwip
