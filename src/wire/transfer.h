/* One job on one easy handle, and the transport that it belongs to: what the rooms of libcurl's transport share.
 * Whoever drives the reactor; only a lookup's end comes from a resolver thread, and touches nothing but the host's
 * inbox.
 *
 * - transport_curl.c: the multi handle, its timer, the spare handles
 * - connections.c: its sockets
 * - sweeper.c: idle connections that were given up
 * - rinse.c: handles that hold back bytes
 * - wakeup.c: the descriptors that libcurl opens for itself
 * - course.c: what the reactor asks for, what libcurl reports, time
 * - hop.c: where a request goes; its lookup
 * - transfer.c: one request to one address; end
 * - easy.c, lines.c: options, once for a handle, and for each request; its header lines
 * - guards.c: the gate, and no second sending
 * - sizes.c: a buffer that fits the answer
 * - send.c, receive.c: body bytes out; header lines and body bytes in
 * - verdict.c: what a transfer's end means
 * - address.c: which address is next
 * - framing.c: where an answer's body ends
 * - redirect.c: where an answer leads */
#ifndef WIRE_TRANSFER_H
#define WIRE_TRANSFER_H

#include "base/timers.h"
#include "wire/address.h"
#include "wire/connections.h"
#include "wire/decode.h"
#include "wire/limits.h"
#include "wire/lines.h"
#include "wire/network.h"
#include "wire/redirect.h"
#include "wire/rinse.h"
#include "wire/settings.h"
#include "wire/sizes.h"
#include "wire/sweeper.h"
#include "wire/transport.h"
#include <curl/curl.h>

struct transport_curl {
    struct transport base;
    const struct wire_settings *settings;
    const struct network *network; /* of the settings, or the default */
    struct transport_host host;
    /* The job is done; the transfer is spare again. */
    void (*finish)(struct transport_curl *transport, struct transfer *transfer);
    CURLM *multi;
    struct timers timers;
    struct timer curl_timer; /* when libcurl wants to be called */
    struct sweeper sweeper;
    struct rinser rinser;
    struct connections connections;
    struct sizes sizes;
    struct list spare; /* transfers without a job, ready to be used again */
    struct list busy;  /* those with one */
    size_t spare_count, busy_count;
    bool looks_at_lines_first; /* this libcurl must not see each of them (receive.c) */
    int64_t now_ns;            /* of this turn */
};

enum stage {
    STAGE_SPARE,
    STAGE_LOOKUP, /* the resolver has it */
    STAGE_BURIED, /* stopped while the resolver was answering: finished when `resolved` comes */
    STAGE_WIRE    /* libcurl has it */
};

/* What came of one request; cleared before each. */
struct answer {
    bool gate_refused; /* the job was given up before anything was sent */
    bool unfit;        /* the used connection was dead, or idle for too long: a fresh one takes its place */
    bool passed;       /* prereq let it go out */
    bool blocked;      /* libcurl wanted to send it again */
    bool begun;        /* its first header line came */
    bool in_block;     /* behind a status line, before the blank line */
    bool at_its_first; /* nothing has come behind the status line */
    bool complete;     /* the blank line of a status of 200 or more */
    bool no_follow;    /* a redirect that may not be followed: an answer, with an error */
    bool discarded;    /* a redirect that is followed: nobody wants its body */
    bool paused;       /* its body was, and libcurl has held some of it back */
    bool rests;        /* it goes on in the next turn */
    bool decoding;     /* a decoder was asked for, if there is need of one */
    int status;        /* of the last status line */
    uint64_t header_bytes, body_bytes;
    int open_errno; /* why there was no socket */
    insist_err err; /* our own first failure; wins over libcurl's code, which then only says that a callback refused */
    struct cause cause; /* of it, or of a redirect that is not followed */
};

enum pause { PAUSE_DUE, PAUSE_WAITING, PAUSE_OVER }; /* at the headers */

struct transfer {
    /* for ever */
    struct transport_curl *transport;
    CURL *easy;
    struct list link; /* of the spare ones, or of the busy */
    struct lines lines;
    struct curl_slist pinned; /* to the address that is tried */
    char pinned_text[AUTHORITY_NAME_MAX + RESOLVER_ADDRESS_SIZE + 24];
    char detail[CURL_ERROR_SIZE]; /* libcurl's own sentence */
    struct addresses *literal;    /* the last host that was an address, NULL: none */
    bool spoilt; /* of a request that was paused or did not end well something may be left in it: it serves no other */
    bool holds;  /* and it still holds back bytes, which are not freed with it */

    /* while it has a job */
    struct job *job;
    enum stage stage;
    struct timer timer;
    int64_t deadline_ns, patience_ns; /* of the attempt; of this address */
    struct limits limits;
    struct route route; /* of the hop */
    struct lookup lookup;
    struct address_walk walk;
    struct trail trail;
    struct hop hop;
    unsigned place;         /* of the hop, for the size of its answer */
    struct url *redirected; /* the hop's, where it is not the plan's */
    bool fresh;             /* take no used connection */
    enum pause pause;
    bool upload_lent;     /* the call fills the next piece of the request's body … */
    bool upload_outdated; /* … for a request that is over */
    bool lent;            /* the call has a piece of the body that it streams: nothing comes in meanwhile */
    size_t consumed;      /* of the bytes that libcurl holds back while paused, and will hand over again */

    /* while libcurl has it */
    struct connection *connection; /* opened for it, or the used one */
    bool opened;
    int64_t begun_ns;
    bool leaving; /* whatever comes is dropped */
    struct answer answer;
    struct decode *decode;
    size_t decoded;          /* bytes that it gave … */
    int64_t decoded_turn_ns; /* … in this turn */
    struct redirect next;    /* where its answer leads */
};

/* What came of a request. */
struct verdict {
    insist_err err;
    insist_transience transience;
    struct cause cause;
    int os_errno;
    insist_sent sent;
    bool stale;
};

/* course.c: each may end the job */
void course_start(struct transfer *transfer, struct job *job);
void course_stop(struct transfer *transfer);
void course_resolved(struct transfer *transfer);
void course_read_on(struct transfer *transfer);
void course_fed(struct transfer *transfer);
void course_wake(struct transfer *transfer);                /* its timer */
void course_done(struct transfer *transfer, CURLcode code); /* libcurl has ended it by itself */

/* hop.c: each may end the job */
void hop_begin(struct transfer *transfer);          /* to where transfer->hop says */
void hop_follow(struct transfer *transfer);         /* to where its answer leads */
void hop_take_addresses(struct transfer *transfer); /* the lookup has been answered */
/* False: it is being answered just then, and `resolved` comes. */
bool hop_forget_lookup(struct transfer *transfer);

/* transfer.c */
struct transfer *transfer_new(struct transport_curl *transport);
void transfer_free(struct transfer *transfer);
void transfer_forget(struct transfer *transfer);  /* what the request before left behind */
void transfer_request(struct transfer *transfer); /* to the address that its walk is at; may end the job */
void transfer_set_timer(struct transfer *transfer);
void transfer_forget_connection(struct transfer *transfer);
/* From within libcurl: it may have come further than a limit asks. */
void transfer_moved_on(struct transfer *transfer);
/* From within libcurl: ends at the end of this turn. */
void transfer_fail_soon(struct transfer *transfer, insist_err err);
void transfer_leave_wire(struct transfer *transfer); /* libcurl has it no more */
void transfer_give_up(struct transfer *transfer);    /* the same in the midst of a request */
/* Neither the resolver nor libcurl has it any more. Nothing of the transfer may be touched after these. */
void transfer_end(struct transfer *transfer, struct verdict verdict);
void transfer_refuse(struct transfer *transfer, insist_err err);
void transfer_fail(struct transfer *transfer, insist_err err); /* while libcurl has it, whatever that has to say */

/* easy.c */
bool easy_renew(struct transfer *transfer); /* a handle that knows of no request; false: no memory */
void easy_free(struct transfer *transfer, CURL *easy);
insist_err easy_prepare(struct transfer *transfer); /* those of its next request */

/* guards.c: libcurl calls them; data is the transfer */
/* Just before it is sent. */
int guard_request(void *data, char *remote_ip, char *local_ip, int remote_port, int local_port);
curl_socket_t guard_open_socket(void *data, curlsocktype purpose, struct curl_sockaddr *address);
int guard_close_socket(void *transport, curl_socket_t fd);

/* receive.c: likewise */
size_t receive_header(char *line, size_t size, size_t count, void *data);
size_t receive_body(char *bytes, size_t size, size_t count, void *data);

/* send.c: libcurl calls the two last */
void send_begin(struct transfer *transfer); /* a request with a body that is read is about to go out */
void send_fed(struct transfer *transfer);   /* the piece that was lent is back */
size_t send_bytes(char *buffer, size_t size, size_t count, void *data);
int send_refuse_to_seek(void *data, curl_off_t offset, int origin);

/* verdict.c */
/* Of the last failure that its handle has met: libcurl never resets it. */
int verdict_errno_of_libcurl(const struct transfer *transfer);
struct verdict verdict_of_end(struct transfer *transfer, CURLcode code);
struct verdict verdict_of_timeout(const struct transfer *transfer, struct cause cause);
struct verdict verdict_of_refusal(const struct transfer *transfer, insist_err err); /* ours, outside a request */

#endif
