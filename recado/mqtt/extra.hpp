// What a build may be without, and what stands in its place in a session.
#pragma once

#include <type_traits>

namespace recado::mqtt {

/// False in a build with RECADO_WITHOUT_SESSION_EXTRAS defined for everything that includes these headers, as firmware
/// is, whose application asks for none of them: authentication by exchanges (AUTH), payloads from a source, deferred
/// acknowledgements and such with properties, topic aliases, Response Information, declining Problem Information.
/// `session::connect` and `session::publish` refuse them then. The outbox is without its expiry and policies, too
/// (`chain::has_outbox_extras`).
#if defined(RECADO_WITHOUT_SESSION_EXTRAS)
inline constexpr bool has_extras = false;
#else
inline constexpr bool has_extras = true;
#endif

/// False in a build with RECADO_WITHOUT_SESSION_JOURNAL defined likewise: a session is kept nowhere.
#if defined(RECADO_WITHOUT_SESSION_JOURNAL)
inline constexpr bool has_journal = false;
#else
inline constexpr bool has_journal = true;
#endif

/// In the place of a member that a build is without: it stays what it is whatever it is told, so that the compiler sees
/// what can never happen.
template <class T, T Value>
struct unchanging {
  /// Whatever it should begin with.
  constexpr unchanging(T = Value) {}
  /// What it is.
  constexpr operator T() const { return Value; }
  /// Of a pointer: to nothing.
  constexpr T operator->() const { return Value; }
  /// The value that was given, for the next in a row.
  constexpr T operator=(T given) { return given; }
  constexpr void operator+=(T) {}  ///< nothing
  constexpr void operator-=(T) {}  ///< nothing
  constexpr void operator++() {}   ///< nothing
  constexpr void operator--() {}   ///< nothing
};

/// A member of type `T` in a build that `Has` it.
template <bool Has, class T, T Value = T{}>
using member_if = std::conditional_t<Has, T, unchanging<T, Value>>;

}  // namespace recado::mqtt
