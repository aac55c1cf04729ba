#include <recado/device/options.hpp>

namespace recado::device {

std::string_view words(option_error what) {
  switch (what) {
    case option_error::wrong_type:
      return "has the wrong type";
    case option_error::out_of_range:
      return "is out of range";
    case option_error::not_a_choice:
      return "is none of the choices";
    case option_error::too_long:
      return "has the wrong length";
    case option_error::too_many:
      return "has too many entries";
    case option_error::not_an_address:
      return "is no IPv4 address";
    case option_error::not_a_mask:
      return "is no network mask";
    case option_error::not_a_time_zone:
      return "is no time zone";
    case option_error::not_a_server:
      return "holds what is no server";
    case option_error::not_a_topic:
      return "is no topic to publish on: wildcards and control characters can't be in it";
  }
  return "";
}

}  // namespace recado::device
