/* In: text. Out: host and port, or what is wrong with them. Pure. */
#include "wire/authority.h"

#include <arpa/inet.h>
#include <string.h>

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Also lets pass what is found in names although it should not be there. */
const char *authority_flaw_of_name(const char *name) {
    size_t label = 0, length = strlen(name);
    bool final_dot = length > 0 && name[length - 1] == '.';
    if (length - final_dot > AUTHORITY_NAME_MAX)
        return "the host is longer than a name can be";
    for (const char *c = name; *c != '\0'; c++) {
        if ((unsigned char)*c >= 0x80)
            return "the host has letters beyond ASCII: write its ASCII form (xn--...)";
        if (!is_letter(*c) && !is_digit(*c) && !strchr("-._~", *c))
            return "the host has a character that no host name can have";
        if (*c == '.' && label == 0)
            return "the host has an empty part before a dot";
        label = *c == '.' ? 0 : label + 1;
    }
    return NULL;
}

const char *authority_flaw_of_port(const char *digits, size_t length, unsigned *port) {
    *port = 0;
    for (size_t i = 0; i < length; i++) {
        if (!is_digit(digits[i]) || *port > 65535)
            return "the port must be a number from 1 to 65535";
        *port = *port * 10 + (unsigned)(digits[i] - '0');
    }
    return *port == 0 || *port > 65535 ? "the port must be a number from 1 to 65535" : NULL;
}

/* How much of the text the host is, without its port. */
static size_t host_length(const char *text, size_t length) {
    const char *bracket = length > 0 && text[0] == '[' ? memchr(text, ']', length) : NULL;
    const char *colon = memchr(bracket ? bracket : text, ':', length - (bracket ? (size_t)(bracket - text) : 0));
    return colon ? (size_t)(colon - text) : length;
}

static const char *parse_host(const char *text, size_t length, struct authority *out) {
    bool bracketed = length > 1 && text[0] == '[' && text[length - 1] == ']';
    unsigned char bytes[sizeof(struct in6_addr)];
    if (bracketed) {
        text++;
        length -= 2;
    }
    if (length == 0)
        return "it has no host";
    if (length >= sizeof(out->host))
        return "the host is longer than a name can be";
    for (size_t i = 0; i < length; i++)
        out->host[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] - 'A' + 'a' : text[i]);
    out->host[length] = '\0';
    out->ipv6 = bracketed;
    if (bracketed)
        return inet_pton(AF_INET6, out->host, bytes) == 1 ? NULL : "what stands in brackets is not an IPv6 address";
    return authority_flaw_of_name(out->host);
}

const char *authority_parse(const char *text, size_t length, struct authority *out) {
    size_t host = host_length(text, length);
    *out = (struct authority){.port = 0};
    const char *sentence = parse_host(text, host, out);
    if (sentence || host == length)
        return sentence;
    return authority_flaw_of_port(text + host + 1, length - host - 1, &out->port);
}
