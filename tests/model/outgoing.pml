/* From the client to the server. The client's memory is ahead of its journal until `sync`, and a power cut leaves
   the journal alone. Message 1 is of QoS 1, all others of QoS 2.
   The rules that keep it right, each of which -DWITHOUT=n leaves out:
   1  PUBLISH leaves when the journal has it;
   2  PUBREL leaves when the journal says that PUBREC came;
   3  what the journal has is sent again after a loss;
   4  a message keeps its packet identifier when it is sent again. */
#include "common.pml"

typedef flight { mtype stage = UNUSED; byte identifier; byte message };
flight memory[PLACES];
flight journal[PLACES];
bool is_sent[PLACES]; /* on this connection */
byte next_message = 1;
byte next_message_journal = 1;

bool known[IDENTIFIERS + 1]; /* by the server, which forgets nothing */
bool exactly_once[IDENTIFIERS + 1]; /* what its last PUBLISH asked for */
byte repeats = 0;
byte delivered[MESSAGES + 1];
byte newest = 0;

#define copy_flight(to, from, p) \
  to[p].stage = from[p].stage; to[p].identifier = from[p].identifier; to[p].message = from[p].message
#define copy_flights(to, from) copy_flight(to, from, 0); copy_flight(to, from, 1)

inline forget_sent(value) {
  p = 0;
  do
  :: p < PLACES -> is_sent[p] = value; p++
  :: else -> break
  od;
  p = 0
}

#define unpublished(p) (!is_sent[p] && (memory[p].stage == WAITS_PUBACK || memory[p].stage == WAITS_PUBREC))
#define journaled(p) (journal[p].stage == memory[p].stage && journal[p].message == memory[p].message)
#define first_unpublished(p, q) (unpublished(p) && !(unpublished(q) && memory[q].message < memory[p].message))
#define synced (memory[0].stage == journal[0].stage && memory[0].message == journal[0].message && \
                memory[1].stage == journal[1].stage && memory[1].message == journal[1].message)

inline take(p) {
  atomic {
    next_message <= MESSAGES && memory[p].stage == UNUSED ->
    memory[p].identifier =
      (memory[p].identifier == 0 || memory[p].identifier + PLACES > IDENTIFIERS -> p + 1
                                                                          : memory[p].identifier + PLACES);
    memory[p].message = next_message;
    memory[p].stage = (next_message == 1 -> WAITS_PUBACK : WAITS_PUBREC);
    is_sent[p] = false;
    next_message++
  }
}

inline publish(p, q) {
  atomic {
    first_unpublished(p, q) && nfull(to_server) && (journaled(p) || WITHOUT == 1) ->
    to_server!PUBLISH, memory[p].identifier, memory[p].message;
    is_sent[p] = true
  }
}

inline release(p) {
  atomic {
    memory[p].stage == WAITS_PUBCOMP && !is_sent[p] && nfull(to_server) && (journaled(p) || WITHOUT == 2) ->
    to_server!PUBREL, memory[p].identifier, 0;
    is_sent[p] = true
  }
}

inline hear_for(p) {
  outgoing(memory[p].stage, packet, next, then);
  if
  :: then == WRONG ->
     assert(repeats != 0); /* a server that repeats nothing never does what ends the connection */
     empty_connection();
     forget_sent(false)
  :: then == RELEASE -> memory[p].stage = next; is_sent[p] = false
  :: then == FINISH -> memory[p].stage = next
  fi
}

#define is_for(p) (memory[p].stage != UNUSED && memory[p].identifier == identifier)

inline hear() {
  atomic {
    nempty(to_client) && nfull(to_server) ->
    to_client?packet, identifier, _;
    if
    :: is_for(0) -> hear_for(0)
    :: is_for(1) -> hear_for(1)
    :: !is_for(0) && !is_for(1) && packet == PUBREC -> to_server!PUBREL, identifier, 0
    :: !is_for(0) && !is_for(1) && (packet == PUBCOMP || packet == REFUSED) -> skip
    :: !is_for(0) && !is_for(1) && packet == PUBACK -> assert(false)
    fi;
    packet = 0; identifier = 0; next = 0; then = 0
  }
}

inline sync() {
  atomic {
    !synced ->
    copy_flights(journal, memory);
    next_message_journal = next_message
  }
}

inline change_identifiers() {
  p = 0;
  do
  :: p < PLACES -> memory[p].identifier = memory[p].identifier % IDENTIFIERS + 1; p++
  :: else -> break
  od;
  p = 0
}

inline lose() {
  atomic {
    losses < LOSSES ->
    losses++;
    empty_connection();
    forget_sent(WITHOUT == 3)
  }
}

inline cut() {
  atomic {
    cuts < CUTS ->
    cuts++;
    empty_connection();
    copy_flights(memory, journal);
    next_message = next_message_journal;
    if
    :: WITHOUT == 4 -> change_identifiers()
    :: else
    fi;
    forget_sent(WITHOUT == 3)
  }
}

proctype client() {
  mtype packet, next, then;
  byte identifier;
  byte p;
end:
  do
  :: take(0)
  :: take(1)
  :: publish(0, 1)
  :: publish(1, 0)
  :: release(0)
  :: release(1)
  :: hear()
  :: sync()
  :: lose()
  :: cut()
  od
}

inline deliver(m) {
  delivered[m]++;
  assert(m == 1 || delivered[m] == 1);     /* QoS 2: never twice */
  assert(delivered[m] > 1 || m == newest + 1); /* in their order, none left out */
  if
  :: m > newest -> newest = m
  :: else
  fi
}

proctype server() {
  mtype packet;
  byte identifier, message;
end:
  do
  :: atomic {
       nempty(to_server) && nfull(to_client) ->
       to_server?packet, identifier, message;
       if
       :: packet == PUBLISH && message == 1 ->
          exactly_once[identifier] = false;
          deliver(message);
          to_client!PUBACK, identifier, 0
       :: packet == PUBLISH && message == REFUSES -> /* it remembers nothing of it */
          if
          :: message > newest -> assert(message == newest + 1); newest = message
          :: else
          fi;
          to_client!REFUSED, identifier, 0
       :: packet == PUBLISH && message != 1 && message != REFUSES ->
          if
          :: known[identifier] -> skip
          :: else -> known[identifier] = true; exactly_once[identifier] = true; deliver(message)
          fi;
          to_client!PUBREC, identifier, 0
       :: packet == PUBREL ->
          assert(exactly_once[identifier]);
          known[identifier] = false;
          to_client!PUBCOMP, identifier, 0
       fi;
       packet = 0; identifier = 0; message = 0
     }
  :: atomic { repeats < REPEATS && known[1] && nfull(to_client) -> repeats++; to_client!PUBREC, 1, 0 }
  :: atomic { repeats < REPEATS && known[2] && nfull(to_client) -> repeats++; to_client!PUBREC, 2, 0 }
  od
}

/* When nothing more can happen, everything has. */
proctype end_of_it() {
  timeout ->
  assert(newest == MESSAGES && next_message == MESSAGES + 1);
  assert(memory[0].stage == UNUSED && memory[1].stage == UNUSED)
}

init {
  atomic { run client(); run server(); run end_of_it() }
}
