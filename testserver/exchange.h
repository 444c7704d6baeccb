/* One request and what becomes of it. Made when its first line has been read, freed when libmicrohttpd has finished
 * with it. Loop's thread only.
 *
 *   READING ─► WAITING (queue, hold, service, delay) ─► READY ─► ANSWERED            libmicrohttpd sends the answer
 *                    └──────────────────────► PUMPING ─► ENDING           raw bytes, then RST or FIN
 *                                                └─► SILENT ─► ENDING     until the client gives up
 *
 * While it waits, is pumped or is silent, its connection is suspended: libmicrohttpd touches neither socket nor TLS
 * session. */
#ifndef TESTSERVER_EXCHANGE_H
#define TESTSERVER_EXCHANGE_H

#include "answer.h"
#include "barrier.h"
#include "connection.h"
#include "job.h"
#include "pump.h"
#include "rulebook.h"
#include "text.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

enum exchange_state {
    EXCHANGE_READING,
    EXCHANGE_WAITING,
    EXCHANGE_PUMPING,
    EXCHANGE_SILENT,
    EXCHANGE_READY, /* to be answered in the handler's next call */
    EXCHANGE_ANSWERED,
    EXCHANGE_ENDING /* the handler's next call ends the connection */
};

struct exchange {
    struct insist_testserver *server;
    struct connection *connection;
    struct MHD_Connection *mhd;
    int fd;
    gnutls_session_t tls;             /* NULL: plain */
    struct exchange *next, *previous; /* all of the server */
    enum exchange_state state;

    /* the request */
    struct target target;
    uintptr_t raw_at; /* where libmicrohttpd keeps the target as sent, and how long it is there up to a NUL */
    size_t raw_length;
    const char *method; /* libmicrohttpd's, for as long as this request lasts */
    char *key;          /* NULL: none */
    bool begun;
    bool old_http; /* before HTTP/1.1 */
    bool admin;
    bool keeps_body;
    bool body_too_large; /* for keeping */
    bool body_refused;   /* more than the server takes: 413 */
    bool body_unkept;    /* there was no allowance for it: 503 */
    uint64_t body_bytes;
    struct beat read_beat; /* of a body that is read slowly */
    uint8_t *body;
    size_t body_size, body_room;
    size_t held;           /* of the server's allowance, body_room included */
    gnutls_hash_hd_t hash; /* NULL without a body */
    char digest[65];
    uint64_t unread; /* bytes that had come and were not read, when somebody looked last */
    uint64_t read;   /* bytes of the body that had been read then */

    /* what it gets */
    uint64_t seed;               /* of its draws: the server's, or its own */
    struct rule *rule;           /* NULL: none, 200 */
    bool brought;                /* the rule came with the request */
    bool chosen;                 /* the hit has been counted */
    uint64_t draw;               /* what its random body starts from */
    const struct choice *choice; /* the rule's; NULL: a plain answer */
    uint64_t delay_us;           /* drawn for it */
    uint64_t service_us;
    struct answer answer;
    uint64_t number; /* in the ledger; 0: not counted */

    /* while suspended */
    bool suspended;
    bool resumed;                 /* since the handler's last call began */
    struct alarm alarm;           /* for its delay, or its pump */
    struct pump *pump;            /* NULL: nothing is sent without libmicrohttpd */
    struct waiter waiter;         /* for its hold */
    struct job *job;              /* at its station; NULL: at none, or it has been served */
    uint64_t acknowledged_before; /* bytes of the connection that came before this answer, once that was asked */
    bool asked_before;
    bool client_gone;
    uint64_t gone_bytes;
};

/* From its raw target; NULL: no memory. Its connection's current one from then on. */
struct exchange *exchange_new(struct connection *connection, struct MHD_Connection *mhd, const char *raw);

/* The header block has been read. admin: it is not counted, and control_answer() answers. */
void exchange_begin(struct exchange *exchange, const char *method, bool admin);

/* Whether its Content-Length tells of a larger body than the server takes. */
bool exchange_announces_too_much(const struct exchange *exchange);

/* A piece of the body. False: no memory. */
bool exchange_take_body(struct exchange *exchange, const void *data, size_t size);

/* Takes so much of the server's allowance, until the exchange is freed. False: there is not so much left. */
bool exchange_hold(struct exchange *exchange, size_t bytes);

/* Gives the room behind the kept body back; gives the whole body back. */
void exchange_trim_body(struct exchange *exchange);
void exchange_drop_body(struct exchange *exchange);

/* The value of a header of the request, or NULL. */
const char *exchange_header(const struct exchange *exchange, const char *name);

/* Bytes of its memory for a connection that libmicrohttpd has given to the request's header block, roughly. */
size_t exchange_head_size(const struct exchange *exchange);

/* The URL of `target` on this server, as the request's Host names it; for free(). NULL: no memory. */
char *exchange_url(const struct exchange *exchange, const char *target);

/* Takes the connection away from libmicrohttpd. False: its client has left, and it is still libmicrohttpd's. */
bool exchange_suspend(struct exchange *exchange);

/* Notes what has been acknowledged so far: what a client that leaves has got is told from there. */
void exchange_note_position(struct exchange *exchange);

/* Bytes of the answer that the client's system has acknowledged; 0 where no position was noted. */
uint64_t exchange_acknowledged(const struct exchange *exchange);

/* Gives it back. */
void exchange_resume(struct exchange *exchange);

/* libmicrohttpd has finished with it. */
void exchange_finish(struct exchange *exchange, enum MHD_RequestTerminationCode code);

void exchange_free(struct exchange *exchange);

#endif
