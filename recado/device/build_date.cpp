#include <recado/device/application.hpp>

namespace recado::device {

utc_time build_date() { return utc_time{std::chrono::seconds{RECADO_BUILD_TIME_S}}; }

}  // namespace recado::device
