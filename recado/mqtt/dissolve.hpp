// How far the functions on the way of a message dissolve into one another: entirely where speed is wanted, not at all
// where the size of the program is (-Os, on a microcontroller).
#pragma once

#if defined(__OPTIMIZE_SIZE__)
/// Of a function whose callees become part of it.
#define RECADO_MQTT_DISSOLVED
/// Of a function that becomes part of its callers.
#define RECADO_MQTT_DISSOLVING [[gnu::noinline]]
/// Of a function that stays apart from those that dissolve their callees.
#define RECADO_MQTT_APART
#else
#define RECADO_MQTT_DISSOLVED [[gnu::flatten]]
#define RECADO_MQTT_DISSOLVING
#define RECADO_MQTT_APART [[gnu::noinline]]
#endif
