/* What both directions share: packets, the connection, and what an unbroken rule is called.
   -DWITHOUT=n leaves one rule of the journal out, to show that it is needed. */
#define PLACES 2      /* exchanges in flight */
#define IDENTIFIERS 2 /* each is used again as soon as it may be */
#ifndef MESSAGES
#define MESSAGES 3
#endif
#ifndef LOSSES
#define LOSSES 2      /* of the connection: both sides keep their memory */
#endif
#ifndef CUTS
#define CUTS 2        /* of the client's power: only its journal is left */
#endif
#ifndef REPEATS
#define REPEATS 1     /* of a PUBREC within a connection, which 3.1.1 doesn't forbid a server */
#endif
#ifndef REFUSES
#define REFUSES 0     /* the message, if any, whose PUBREC has a reason code of 0x80 or more, whenever it comes */
#endif
#ifndef WITHOUT
#define WITHOUT 0
#endif

mtype = { PUBLISH, PUBACK, PUBREC, REFUSED, PUBREL, PUBCOMP };
mtype = { UNUSED, WAITS_PUBACK, WAITS_PUBREC, WAITS_PUBCOMP };
mtype = { RELEASE, FINISH, WRONG };

/* type, packet identifier, message */
chan to_server = [3] of { mtype, byte, byte };
chan to_client = [3] of { mtype, byte, byte };

byte losses = 0;
byte cuts = 0;

inline empty_connection() {
  do
  :: nempty(to_server) -> to_server?_, _, _
  :: nempty(to_client) -> to_client?_, _, _
  :: empty(to_server) && empty(to_client) -> break
  od
}

#include "transitions.pml"
