// The session's part of `mqtt::error`: what the exchange of packets, the time or the caller can get wrong.
#pragma once

// name, the reason code that the standard wants in DISCONNECT (success: none), the cause, the remedy
#define RECADO_MQTT_SESSION_PEER_ERRORS(X)                                                                            \
  X(refused, success, "the server refused the connection", "see the server's reason")                                 \
  X(disconnected, success, "the server ended the connection", "see the server's reason")                              \
  X(connect_timed_out, success, "the server did not answer CONNECT in time",                                          \
    "check that an MQTT server listens there, and whether that port speaks TLS")                                      \
  X(ping_timed_out, success, "the server does not answer PINGREQ",                                                    \
    "check the network; the session resumes with the next connection")                                                \
  X(stream_stalled, success, "the stream has taken no bytes for a whole keep alive interval",                         \
    "check the network; the session resumes with the next connection")                                                \
  X(packet_before_connack, protocol_error, "the server sent another packet before CONNACK", broken_peer)              \
  X(unknown_packet_identifier, protocol_error, "an answer names a packet identifier that is not in use", broken_peer) \
  X(wrong_answer, protocol_error, "an answer is not of the kind that the exchange waits for", broken_peer)            \
  X(wrong_reason_count, protocol_error, "the answer has not one reason code for each topic filter", broken_peer)      \
  X(unexpected_session, protocol_error, "the server claims a session although a clean start was asked for",           \
    broken_peer)                                                                                                      \
  X(no_client_identifier, protocol_error, "the server assigned no client identifier although none was given",         \
    "give a client identifier")                                                                                       \
  X(unasked_response_information, protocol_error, "the server sent Response Information that nobody asked for",       \
    broken_peer)                                                                                                      \
  X(unasked_problem_information, protocol_error,                                                                      \
    "the server sent a reason string or user property although problem information was declined", broken_peer)        \
  X(packet_identifier_in_use, protocol_error, "the server uses a packet identifier for a second message at once",     \
    broken_peer)                                                                                                      \
  X(wrong_authentication_method, protocol_error, "the authentication method is not the one of CONNECT", broken_peer)  \
  X(bad_challenge, not_authorized, "the server's authentication data does not follow the method",                     \
    "check that the server speaks the authentication method that is configured")                                      \
  X(iterations_out_of_bounds, not_authorized, "the server asks for too few or too many iterations of the hash",       \
    "have the server store the password with at least 4096 iterations, or raise `iterations_max`")                    \
  X(wrong_server_signature, not_authorized, "the server does not know the password: its signature is wrong",          \
    "do not trust it; check the broker's address and its certificate")                                                \
  X(refused_by_method, not_authorized, "the server refused the authentication", "check user name and password")       \
  X(cryptography_failed, implementation_specific_error, "the cryptographic library failed",                           \
    "check that it is built with SHA-256, and has memory")                                                            \
  X(receive_maximum_exceeded, receive_maximum_exceeded, "the server sent more messages than Receive Maximum allows",  \
    broken_peer)                                                                                                      \
  X(server_takes_too_little, success, "the server's Maximum Packet Size has no room for an acknowledgement",          \
    "correct the server's limit: 5 bytes are the least for QoS 1 and 2")                                              \
  X(unknown_topic_alias, protocol_error, "the topic alias was not set before", broken_peer)                           \
  X(alias_topic_too_long, implementation_specific_error, "a topic with an alias is longer than this side stores",     \
    "give more memory per alias, or none for aliases")                                                                \
  X(incoming_table_full, quota_exceeded, "more messages of QoS 2 are being received than the table holds",            \
    "give a larger `memory.received`")                                                                                \
  X(owed_table_full, quota_exceeded, "more messages wait for acknowledgement than the table holds",                   \
    "acknowledge sooner, or give a larger `memory.owed`")

#define RECADO_MQTT_SESSION_CALLER_ERRORS(X)                                                                     \
  X(not_connected, success, "there is no connection", "wait for the event `connected`")                          \
  X(already_connected, success, "there is a connection already", "disconnect first")                             \
  X(needs_version_5, success, "MQTT 3.1.1 has no such thing", "connect with MQTT 5.0, or leave it out")          \
  X(version_not_built, success, "this build speaks MQTT 3.1.1 only", "build without RECADO_MQTT_ONLY_3_1_1")     \
  X(extra_not_built, success, "this build knows no such extra", "build without RECADO_WITHOUT_SESSION_EXTRAS")   \
  X(client_identifier_needed, success, "MQTT 3.1.1 resumes no session without a client identifier",              \
    "give a client identifier, or ask for a clean session")                                                      \
  X(password_without_user_name, success, "MQTT 3.1.1 has no password without a user name", "give a user name")   \
  X(memory_too_small, success, "the session was given too little memory for that", "give larger tables")         \
  X(flight_table_full, success, "all places for messages in flight are taken",                                   \
    "wait for an acknowledgement, or give a larger `memory.outgoing`")                                           \
  X(receive_maximum_reached, success, "as many messages are in flight as the server takes",                      \
    "wait for an acknowledgement")                                                                               \
  X(payload_pending, success, "a long message is being sent", "supply the rest of its payload first")            \
  X(no_payload_wanted, success, "no message waits for payload", "wait for the event `wants_payload`")            \
  X(qos_not_available, success, "the server does not offer that QoS", "publish with a lower QoS")                \
  X(not_kept, success, "the journal could not take the message", "see what the journal says; nothing was sent")  \
  X(journal_takes_whole_messages, success, "a session with a journal takes no payload from a source",            \
    "give the payload with the message")                                                                         \
  X(identifier_taken, success, "the packet identifier or its place is taken",                                    \
    "restore into a new session with as many places in flight as before")                                        \
  X(retain_not_available, success, "the server does not keep retained messages", "publish without retain")       \
  X(wildcards_not_available, success, "the server does not offer wildcards in subscriptions",                    \
    "subscribe to each topic by its name")                                                                       \
  X(shared_subscriptions_not_available, success, "the server does not offer shared subscriptions",               \
    "subscribe without $share")                                                                                  \
  X(subscription_identifiers_not_available, success, "the server does not offer subscription identifiers",       \
    "subscribe without an identifier")                                                                           \
  X(larger_than_server_takes, success, "the packet is larger than the server takes", "send a smaller message")   \
  X(alias_not_available, success, "that topic alias cannot be used",                                             \
    "use aliases up to the server's Topic Alias Maximum, with QoS 0, and none by hand while they are automatic") \
  X(session_expiry_forbidden, success, "a session that was to end with the connection cannot be kept",           \
    "set the session expiry when connecting")                                                                    \
  X(deferring_not_possible, success, "there is no table for deferred acknowledgements", "give `memory.owed`")    \
  X(unknown_receipt, success, "no message with that receipt waits for acknowledgement",                          \
    "acknowledge each message once, within its connection")                                                      \
  X(acknowledgement_must_wait, success, "an acknowledgement with properties cannot wait for earlier messages",   \
    "acknowledge the earlier messages first, or leave the properties out")                                       \
  X(authentication_not_expected, success, "no authentication exchange waits for that",                           \
    "connect with an authentication method, and wait for the event `challenge`")                                 \
  X(two_authentications, success, "an authenticator and a method by hand are given at once", "give one of them") \
  X(needs_saslprep, success, "a name or password is empty or has characters beyond printable ASCII",             \
    "use letters, digits, signs and spaces of ASCII: they need no SASLprep")
