/* What is asked of a connected socket beyond reading and writing: RST, FIN, how much has arrived. Linux. */
#ifndef TESTSERVER_TCP_H
#define TESTSERVER_TCP_H

#include <stdbool.h>
#include <stdint.h>

/* Sends an RST at once; the descriptor stays valid. What is still queued is lost. */
void tcp_reset(int fd);

/* Sends FIN behind what is queued and closes both directions; the descriptor stays valid. */
void tcp_finish(int fd);

/* Bytes that are queued and not yet acknowledged. */
uint64_t tcp_unacknowledged(int fd);

/* Bytes that have come and not been read. */
uint64_t tcp_unread(int fd);

/* Bytes that the peer's system has acknowledged since the connection began. */
uint64_t tcp_acknowledged(int fd);

/* Whether the peer has sent FIN or RST, or the connection has failed. */
bool tcp_peer_left(int fd);

/* Connections of a listening socket that wait to be accepted. */
uint64_t tcp_waiting_to_be_accepted(int fd);

/* Finds out by itself, within half a minute, that the peer's system has forgotten the connection. */
void tcp_keep_alive(int fd);

/* Small packets go out at once: without waiting for earlier ones to be acknowledged, or for more to send. */
void tcp_no_delay(int fd);

#endif
