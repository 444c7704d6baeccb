/* Numeric socket addresses, IPv4 and IPv6. Pure. */
#ifndef TESTSERVER_ADDRESS_H
#define TESTSERVER_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* False: not a numeric address. */
bool address_parse(const char *text, uint16_t port, struct sockaddr_storage *out, socklen_t *size);

/* 0 for an address of another family. */
uint16_t address_port(const struct sockaddr_storage *address);

#endif
