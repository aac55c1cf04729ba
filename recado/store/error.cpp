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
      return {"the storage has too few, too small or too many sectors",
              "give it at least 2 sectors of 512 bytes and less than 4 GiB"};
    case error::memory_too_small:
      return {"the journal was given too little memory", "give its index and its scratch memory more"};
    case error::not_mounted:
      return {"the journal is not mounted", "mount it first"};
    case error::empty:
      return {"there is no session on this storage", "begin one"};
    case error::other_geometry:
      return {"the session was stored with another number or size of sectors",
              "open it with the sizes it was made with"};
    case error::other_format:
      return {"the session was stored by an older or newer recado", "use that one to its end, or begin a new session"};
    case error::too_long:
      return {"the message is longer than the session's storage takes in one piece",
              "send smaller messages, or give the session larger sectors"};
    case error::full:
      return {"the session's storage is full",
              "wait until messages are acknowledged, or give the session more storage; nothing was lost"};
    case error::index_full:
      return {"the session's storage has as many entries as its index takes",
              "wait until messages are acknowledged, or give the index more memory; nothing was lost"};
    case error::not_found:
      return {"the session's storage has no such entry", "report this as a defect of recado"};
    case error::damaged:
      return {"an entry of the session's storage is damaged", "see what 'recado session check' says"};
    case error::failed:
      return {"the session's storage could not be read or written", "check the disk, its room and its permissions"};
  }
  return {"an unknown error of the session's storage", "report this as a defect of recado"};
}

}  // namespace

std::string_view words(error code) { return text_of(code).words; }
std::string_view remedy(error code) { return text_of(code).remedy; }

}  // namespace recado::store
