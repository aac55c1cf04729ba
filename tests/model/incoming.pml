/* From the server to the client, QoS 2. The application acknowledges when it likes, in order; a message counts as
   delivered when it has acknowledged it and the journal says so. The server forgets nothing and sends again after a
   loss. The rules, each of which -DWITHOUT=n leaves out:
   1  PUBREC leaves when the journal has the identifier;
   2  PUBCOMP leaves when the journal has forgotten it;
   3  after a loss the client forgets the identifiers that the application has not acknowledged. */
#include "common.pml"

typedef flight { mtype stage = UNUSED; byte identifier; byte message };
flight theirs[PLACES];
bool is_sent[PLACES];
byte next_message = 1;

/* the client: identifiers it knows, and answers that it owes, oldest first */
bool known[IDENTIFIERS + 1];
bool ready[IDENTIFIERS + 1];    /* the application has acknowledged its message */
bool shown[IDENTIFIERS + 1];    /* the application can acknowledge it: it came on this connection */
bool accepted[IDENTIFIERS + 1]; /* so it has, and the journal does not know yet */
bool known_journal[IDENTIFIERS + 1];
byte message_of[IDENTIFIERS + 1];
chan owed = [PLACES + 2] of { mtype, byte };
byte seen = 0; /* the newest message that the application was shown */
byte delivered[MESSAGES + 1];

#define unpublished(p) (!is_sent[p] && theirs[p].stage == WAITS_PUBREC)
#define first_unpublished(p, q) (unpublished(p) && !(unpublished(q) && theirs[q].message < theirs[p].message))
#define in_use(i) ((theirs[0].stage != UNUSED && theirs[0].identifier == i) || \
                   (theirs[1].stage != UNUSED && theirs[1].identifier == i))

inline take(p) {
  atomic {
    next_message <= MESSAGES && theirs[p].stage == UNUSED ->
    if /* any free identifier, at once again too */
    :: !in_use(1) -> theirs[p].identifier = 1
    :: !in_use(2) -> theirs[p].identifier = 2
    fi;
    theirs[p].message = next_message;
    theirs[p].stage = WAITS_PUBREC;
    is_sent[p] = false;
    next_message++
  }
}

inline publish(p, q) {
  atomic {
    first_unpublished(p, q) && nfull(to_client) ->
    to_client!PUBLISH, theirs[p].identifier, theirs[p].message;
    is_sent[p] = true
  }
}

inline release(p) {
  atomic {
    theirs[p].stage == WAITS_PUBCOMP && !is_sent[p] && nfull(to_client) ->
    to_client!PUBREL, theirs[p].identifier, 0;
    is_sent[p] = true
  }
}

#define is_for(p) (theirs[p].stage != UNUSED && theirs[p].identifier == identifier)

inline hear_for(p) {
  if
  :: packet == PUBREC -> theirs[p].stage = WAITS_PUBCOMP; is_sent[p] = false
  :: packet == PUBCOMP && theirs[p].stage == WAITS_PUBCOMP -> theirs[p].stage = UNUSED
  :: packet == PUBCOMP && theirs[p].stage != WAITS_PUBCOMP -> assert(false)
  fi
}

proctype server() {
  mtype packet;
  byte identifier;
end:
  do
  :: take(0)
  :: take(1)
  :: publish(0, 1)
  :: publish(1, 0)
  :: release(0)
  :: release(1)
  :: atomic {
       nempty(to_server) ->
       to_server?packet, identifier, _;
       if
       :: is_for(0) -> hear_for(0)
       :: is_for(1) -> hear_for(1)
       :: else -> assert(false)
       fi;
       packet = 0; identifier = 0
     }
  od
}

#define owes_pubrec(i) owed??[PUBREC, eval(i)]

inline tell(m) {
  assert(m <= seen + 1); /* in their order; again only after a loss */
  if
  :: m > seen -> seen = m
  :: else
  fi
}

inline hear() {
  atomic {
    nempty(to_client) && nfull(owed) ->
    to_client?packet, identifier, message;
    incoming(known[identifier], packet, known_after, deliver, answer);
    if
    :: packet == PUBLISH && deliver ->
       tell(message);
       message_of[identifier] = message; ready[identifier] = false; shown[identifier] = true;
       owed!answer, identifier
    :: packet == PUBLISH && !deliver && owes_pubrec(identifier) -> skip /* that one answers both */
    :: packet == PUBLISH && !deliver && !owes_pubrec(identifier) -> owed!answer, identifier
    :: packet == PUBREL -> owed!answer, identifier
    fi;
    known[identifier] = known_after;
    packet = 0; identifier = 0; message = 0; known_after = 0; deliver = 0; answer = 0
  }
}

inline acknowledge(i) {
  atomic { known[i] && shown[i] && !ready[i] -> ready[i] = true; accepted[i] = true }
}

#define differs(i) (accepted[i] || known_journal[i] != (known[i] && ready[i]))

inline write_down(i) {
  if
  :: accepted[i] ->
     delivered[message_of[i]]++;
     assert(delivered[message_of[i]] == 1); /* never twice */
     accepted[i] = false
  :: else
  fi;
  known_journal[i] = known[i] && ready[i]
}

inline sync() {
  atomic { differs(1) || differs(2) -> write_down(1); write_down(2) }
}

#define may_leave(i) \
  (owed?[PUBREC, eval(i)] && ready[i] && (WITHOUT == 1 || (known_journal[i] && !accepted[i])) || \
   owed?[PUBCOMP, eval(i)] && (WITHOUT == 2 || !known_journal[i]))

inline answer_owed() {
  atomic {
    nfull(to_server) && (may_leave(1) || may_leave(2)) ->
    owed?packet, identifier;
    to_server!packet, identifier, 0;
    packet = 0; identifier = 0
  }
}

inline forget_unready(i) {
  if
  :: known[i] && !ready[i] && WITHOUT != 3 -> known[i] = false
  :: else
  fi
}

inline after_loss() {
  is_sent[0] = false;
  is_sent[1] = false;
  shown[1] = false;
  shown[2] = false;
  do
  :: nempty(owed) -> owed?_, _
  :: empty(owed) -> break
  od;
  empty_connection()
}

inline lose() {
  atomic { losses < LOSSES -> losses++; forget_unready(1); forget_unready(2); after_loss() }
}

inline cut() {
  atomic {
    cuts < CUTS ->
    cuts++;
    known[1] = known_journal[1]; known[2] = known_journal[2];
    ready[1] = known[1]; ready[2] = known[2];
    accepted[1] = false; accepted[2] = false;
    after_loss()
  }
}

proctype client() {
  mtype packet, answer;
  byte identifier, message;
  bool known_after, deliver;
end:
  do
  :: hear()
  :: acknowledge(1)
  :: acknowledge(2)
  :: sync()
  :: answer_owed()
  :: lose()
  :: cut()
  od
}

proctype end_of_it() {
  byte m = 1;
  timeout ->
  assert(next_message == MESSAGES + 1);
  do
  :: m <= MESSAGES -> assert(delivered[m] == 1); m++
  :: else -> break
  od;
  assert(theirs[0].stage == UNUSED && theirs[1].stage == UNUSED)
}

init {
  atomic { run server(); run client(); run end_of_it() }
}
