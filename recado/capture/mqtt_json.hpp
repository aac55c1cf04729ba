// MQTT packets as JSON.
#pragma once

#include <recado/capture/json_writer.hpp>
#include <recado/mqtt/packet.hpp>

namespace recado::capture {

/// Writes the members "packet" (its name) and all its fields by the standard's names into the object that is open;
/// properties as an array of objects, because some may stand there several times. Secrets are their length in bytes
/// under "password_bytes" and "authentication_data_bytes" unless `how.show_secrets`.
void write_json(const mqtt::any_packet& packet, const mqtt::print_options& how, json_writer& out);

}  // namespace recado::capture
