// Walking over the options of one field.
#pragma once

#include <recado/core/bytes.hpp>
#include <recado/dhcp/packet.hpp>
#include <recado/wire/cursor.hpp>

namespace recado::dhcp {

/// Visits the options of one field until END, the end of the field, or an option that reaches beyond it.
class option_cursor {
 public:
  /// Begins in front of the first option of the field, which must outlive it.
  explicit option_cursor(bytes field) : in_(field) {}

  /// Goes to the next option; false if there is none.
  bool next() {
    while (in_.remaining() != 0 && !ended_) {
      code = static_cast<option>(in_.u8());
      if (code == option::pad) continue;
      if (code == option::end) return ended_ = true, false;
      value = in_.take(in_.u8());
      return !in_.failed();
    }
    return false;
  }
  /// True after END.
  bool ended() const { return ended_; }
  /// True after an option that reaches beyond the field.
  bool failed() const { return in_.failed(); }

  option code = option::pad;  ///< of the option that `next` found
  bytes value;                ///< its value, in place

 private:
  wire::reader in_;
  bool ended_ = false;
};

}  // namespace recado::dhcp
