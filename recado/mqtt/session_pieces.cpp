// A message from the server that is larger than what is received at a time: its beginning, its payload part by part,
// and its end.
#include <algorithm>

#include <recado/mqtt/session.hpp>

namespace recado::mqtt {

// Of the packet all is used but the payload.
void session::on_first_piece(const mqtt::publish& message, bool known) {
  const auto size = static_cast<std::uint32_t>(message.payload.size() + message.payload_rest);
  pieces_ = true;
  pieces_known_ = known;
  piece_qos_ = message.qos;
  piece_identifier_ = message.packet_identifier;
  piece_offset_ = 0;
  piece_left_ = size;
  piece_is_text_ = message.properties.number(property::payload_format_indicator) == 1;
  piece_text_ = {};
  used_ -= size;
  if (known) return;
  tell<message_begin>(message.topic, size, message.qos, message.retain, message.duplicate, message.properties,
                      message.packet_identifier);
}

void session::on_piece(bytes in) {
  if (piece_left_ != 0) {
    const bytes part = in.first(std::min<std::size_t>(in.size(), piece_left_));
    if (part.empty()) return;
    const std::uint32_t offset = piece_offset_;
    used_ = static_cast<std::uint32_t>(part.size());
    piece_offset_ += used_;
    piece_left_ -= used_;
    if (piece_is_text_) piece_text_.add(part);
    if (!pieces_known_) tell<message_part>(offset, part);
    if (!pieces_known_ || piece_left_ != 0) return;
  }
  if (piece_qos_ != qos::at_most_once && !can_acknowledge(pieces_known_)) return;
  pieces_ = false;
  if (pieces_known_) {
    pieces_known_ = false;
    answer_duplicate(piece_identifier_);
  } else {
    tell<message_end>(acknowledge_or_owe(piece_qos_, piece_identifier_), !piece_is_text_ || piece_text_.well_formed());
  }
}

}  // namespace recado::mqtt
