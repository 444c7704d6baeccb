/* See testserver_peer.h. */
#include "testserver_peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { LARGEST = 64 << 20 };

int peer_start_server(void **state) {
    insist_testserver *server = NULL;
    bool started = insist_testserver_start(NULL, NULL, &server) == INSIST_OK;
    *state = server;
    return started ? 0 : -1;
}

int peer_free_server(void **state) {
    insist_testserver_free(*state);
    return 0;
}

static bool shake_hands(struct peer *peer, const insist_testserver *server) {
    const char *pem = insist_testserver_certificate(server);
    gnutls_datum_t ca = {(unsigned char *)(uintptr_t)pem, (unsigned)strlen(pem)};
    if (gnutls_certificate_allocate_credentials(&peer->credentials) != 0 ||
        gnutls_certificate_set_x509_trust_mem(peer->credentials, &ca, GNUTLS_X509_FMT_PEM) < 0 ||
        gnutls_init(&peer->tls, GNUTLS_CLIENT | GNUTLS_NO_SIGNAL) != 0 || gnutls_set_default_priority(peer->tls) != 0 ||
        gnutls_credentials_set(peer->tls, GNUTLS_CRD_CERTIFICATE, peer->credentials) != 0) {
        return false;
    }
    gnutls_session_set_verify_cert(peer->tls, "localhost", 0);
    gnutls_transport_set_int(peer->tls, peer->fd);
    int code;
    do {
        code = gnutls_handshake(peer->tls);
    } while (code < 0 && !gnutls_error_is_fatal(code));
    if (code < 0) {
        errno = EPROTO;
    }
    return code == 0;
}

/* False, with errno kept, where what was done so far did not succeed. */
static bool close_unless(struct peer *peer, bool ok) {
    if (!ok) {
        int error = errno;
        peer_close(peer);
        errno = error;
    }
    return ok;
}

bool peer_connect_port(struct peer *peer, uint16_t port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct timeval patience = {.tv_sec = 300};
    int on = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *peer = (struct peer){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    return close_unless(peer, peer->fd >= 0 &&
                                  setsockopt(peer->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0 &&
                                  setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
                                  connect(peer->fd, (struct sockaddr *)&address, sizeof address) == 0);
}

bool peer_connect(struct peer *peer, const insist_testserver *server) {
    return peer_connect_port(peer, insist_testserver_port(server)) &&
           close_unless(peer, !insist_testserver_certificate(server) || shake_hands(peer, server));
}

bool peer_connect_when_open(struct peer *peer, const insist_testserver *server) {
    bool ok;
    while (!(ok = peer_connect(peer, server)) && errno == ECONNREFUSED) {
        usleep(200); /* without it this loop would keep the server's thread from its processor */
    }
    return ok;
}

void peer_close(struct peer *peer) {
    if (peer->tls) {
        gnutls_deinit(peer->tls);
    }
    if (peer->credentials) {
        gnutls_certificate_free_credentials(peer->credentials);
    }
    if (peer->fd >= 0) {
        close(peer->fd);
    }
    *peer = (struct peer){.fd = -1};
}

bool peer_send(struct peer *peer, const char *text) {
    size_t size = strlen(text);
    while (size > 0) {
        ssize_t count =
            peer->tls ? gnutls_record_send(peer->tls, text, size) : send(peer->fd, text, size, MSG_NOSIGNAL);
        if (count <= 0) {
            return false;
        }
        text += count;
        size -= (size_t)count;
    }
    return true;
}

bool peer_get(struct peer *peer, const char *target) {
    char text[1024];
    snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: test\r\n\r\n", target);
    return peer_send(peer, text);
}

bool peer_post(struct peer *peer, const char *target, const char *body) {
    char text[1024];
    snprintf(text, sizeof text,
             "POST %s HTTP/1.1\r\nHost: test\r\nContent-Type: text/x-test\r\nContent-Length: %zu\r\n\r\n%s", target,
             strlen(body), body);
    return peer_send(peer, text);
}

static ssize_t receive_tls(struct peer *peer, char *out, size_t room, enum peer_end *end) {
    ssize_t count;
    do {
        count = gnutls_record_recv(peer->tls, out, room);
    } while (count == GNUTLS_E_INTERRUPTED);
    if (count > 0) {
        return count;
    }
    *end = PEER_RESET;
    if (count == 0) {
        *end = PEER_FIN;
    } else if (count == GNUTLS_E_PREMATURE_TERMINATION) {
        *end = PEER_ABRUPT;
    } else if (count == GNUTLS_E_AGAIN) {
        *end = PEER_TIMEOUT;
    }
    return 0;
}

static ssize_t receive(struct peer *peer, char *out, size_t room, enum peer_end *end) {
    if (peer->tls) {
        return receive_tls(peer, out, room, end);
    }
    ssize_t count = recv(peer->fd, out, room, 0);
    if (count > 0) {
        return count;
    }
    *end = PEER_TIMEOUT;
    if (count == 0) {
        *end = PEER_FIN;
    } else if (errno == ECONNRESET) {
        *end = PEER_RESET;
    }
    return 0;
}

/* Finds the status and, where the header block is whole, its size and the size that the whole answer will have. */
static size_t look(struct peer_answer *answer, size_t wanted, bool body_comes, size_t *head_size) {
    char value[256];
    if (answer->size > 12) {
        answer->status = (int)strtol(answer->bytes + 9, NULL, 10);
    }
    const char *blank = strstr(answer->bytes, "\r\n\r\n");
    if (!blank) {
        return LARGEST;
    }
    *head_size = (size_t)(blank + 4 - answer->bytes);
    bool told = peer_answer_header(answer, "Content-Length", value);
    if (!told && wanted < LARGEST) {
        return LARGEST; /* whoever asks for so many bytes gets them, or the end */
    }
    return *head_size + (told && body_comes ? strtoul(value, NULL, 10) : 0);
}

/* Reads until `wanted` bytes, or those of the whole answer, are there. */
static struct peer_answer read_until(struct peer *peer, size_t wanted, bool body_comes) {
    struct peer_answer answer = {.end = PEER_OPEN, .bytes = calloc(1, 1)};
    size_t room = 1;
    size_t head_size = 0;
    size_t limit = wanted;
    while (answer.bytes && answer.end == PEER_OPEN && answer.size < limit) {
        if (room - answer.size < 2) {
            room = room * 2 + 65536;
            char *grown = realloc(answer.bytes, room);
            if (!grown) {
                break;
            }
            answer.bytes = grown;
            continue;
        }
        size_t left = limit - answer.size;
        size_t take = room - answer.size - 1 < left ? room - answer.size - 1 : left;
        bool whole_is_unknown = head_size == 0 && wanted == LARGEST; /* not a byte of the next answer then */
        answer.size += (size_t)receive(peer, answer.bytes + answer.size, whole_is_unknown ? 1 : take, &answer.end);
        answer.bytes[answer.size] = '\0';
        if (head_size == 0) {
            size_t whole = look(&answer, wanted, body_comes, &head_size);
            limit = whole < wanted ? whole : wanted;
        }
    }
    if (head_size > 0) {
        answer.body = answer.bytes + head_size;
        answer.body_size = answer.size - head_size;
    }
    return answer;
}

struct peer_answer peer_read(struct peer *peer) {
    return read_until(peer, LARGEST, true);
}

struct peer_answer peer_read_head(struct peer *peer) {
    return read_until(peer, LARGEST, false);
}

struct peer_answer peer_read_bytes(struct peer *peer, size_t size) {
    return read_until(peer, size, true);
}

void peer_answer_free(struct peer_answer *answer) {
    free(answer->bytes);
    answer->bytes = NULL;
}

bool peer_answer_header(const struct peer_answer *answer, const char *name, char value[256]) {
    size_t length = strlen(name);
    const char *line = strstr(answer->bytes, "\r\n");
    for (; line && line[2] != '\r' && line[2] != '\0'; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, length) == 0 && line[2 + length] == ':') {
            const char *start = line + 2 + length + 1;
            start += strspn(start, " ");
            snprintf(value, 256, "%.*s", (int)strcspn(start, "\r\n"), start);
            return true;
        }
    }
    return false;
}

int peer_status(const insist_testserver *server, const char *target) {
    struct peer peer;
    if (!peer_connect(&peer, server) || !peer_get(&peer, target)) {
        peer_close(&peer);
        return 0;
    }
    struct peer_answer answer = peer_read(&peer);
    int status = answer.status;
    peer_answer_free(&answer);
    peer_close(&peer);
    return status;
}
