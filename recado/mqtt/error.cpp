#include <recado/mqtt/error.hpp>

namespace recado::mqtt {

reason answer_to(error code) {
  using enum reason;
  static constexpr reason answers[] = {success,
#define RECADO_MQTT_ERROR_ANSWER(name, answer, cause, remedy) answer,
                                       RECADO_MQTT_ERRORS(RECADO_MQTT_ERROR_ANSWER)
#undef RECADO_MQTT_ERROR_ANSWER
  };
  const auto index = static_cast<std::size_t>(code);
  return index < sizeof answers ? answers[index] : unspecified_error;
}

}  // namespace recado::mqtt
