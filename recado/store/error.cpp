#include <recado/store/error.hpp>

namespace recado::store {
namespace {

struct text {
  const char* words;
  const char* remedy;
};

constexpr text text_of(error code) {
  switch (code) {
    case error::bad_geometry:
      return {"the storage has too few, too small or too many sectors"_packed,
              "give it at least 2 sectors of 512 bytes and less than 4 GiB"_packed};
    case error::memory_too_small:
      return {"the journal was given too little memory"_packed, "give its index and its scratch memory more"_packed};
    case error::not_mounted:
      return {"the journal is not mounted"_packed, "mount it first"_packed};
    case error::empty:
      return {"there is no session on this storage"_packed, "begin one"_packed};
    case error::other_geometry:
      return {"the session was stored with another number or size of sectors"_packed,
              "open it with the sizes it was made with"_packed};
    case error::other_format:
      return {"the session was stored by an older or newer recado"_packed,
              "use that one to its end, or begin a new session"_packed};
    case error::too_long:
      return {"the message is longer than the session's storage takes in one piece"_packed,
              "send smaller messages, or give the session larger sectors"_packed};
    case error::full:
      return {"the session's storage is full"_packed,
              "wait until messages are acknowledged, or give the session more storage; nothing was lost"_packed};
    case error::index_full:
      return {"the session's storage has as many entries as its index takes"_packed,
              "wait until messages are acknowledged, or give the index more memory; nothing was lost"_packed};
    case error::not_found:
      return {"the session's storage has no such entry"_packed, "report this as a defect of recado"_packed};
    case error::damaged:
      return {"an entry of the session's storage is damaged"_packed, "see what 'recado session check' says"_packed};
    case error::failed:
      return {"the session's storage could not be read or written"_packed,
              "check the disk, its room and its permissions"_packed};
  }
  return {"an unknown error of the session's storage"_packed, "report this as a defect of recado"_packed};
}

}  // namespace

phrase words(error code) { return phrase{text_of(code).words}; }
phrase remedy(error code) { return phrase{text_of(code).remedy}; }

}  // namespace recado::store
