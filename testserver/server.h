/* The server: what there is one of, for all rooms that serve its requests. */
#ifndef TESTSERVER_SERVER_H
#define TESTSERVER_SERVER_H

#include "acceptor.h"
#include "allowance.h"
#include "certificate.h"
#include "door.h"
#include "ledger.h"
#include "loop.h"
#include "rulebook.h"
#include "station.h"

#include <insist/testserver.h>
#include <pthread.h>

struct exchange;

enum { PORT_SERVICE, PORT_CONTROL, PORT_COUNT };

/* The doors of bad certificates are open where TLS is spoken. */
enum { DOOR_SERVICE, DOOR_CONTROL, DOOR_EXPIRED, DOOR_WRONG_HOST, DOOR_UNTRUSTED, DOOR_OLD_VERSION, DOOR_COUNT };
enum { URL_SIZE = 80, ADMIN_PREFIX_SIZE = 66 };

struct insist_testserver {
    /* fixed once it has started */
    uint64_t seed;
    bool familiar; /* httpbin's paths stand for scripts */
    char url[URL_SIZE];
    char admin_url[URL_SIZE]; /* empty without a control port */
    enum insist_testserver_admin admin;
    char admin_prefix[ADMIN_PREFIX_SIZE]; /* of the admin paths */
    char admin_page[ADMIN_PREFIX_SIZE];   /* the same with a slash */
    uint64_t body_limit;
    struct certificate certificate; /* empty without TLS */
    pthread_t thread;
    struct MHD_Response *plain; /* what there is without a script */

    /* shared, each under a lock of its own */
    struct rulebook rules;
    struct ledger ledger;
    struct stations stations;

    /* own: the loop's thread, or whoever starts the server before there is one */
    struct loop loop;
    struct door doors[DOOR_COUNT];
    struct acceptor acceptors[PORT_COUNT];
    struct crowd crowds[PORT_COUNT];
    struct table barriers;      /* of held requests */
    struct allowance allowance; /* of all requests */
    struct exchange *exchanges; /* all */
    bool draining;              /* has begun */
    bool stopping;              /* nothing is suspended any more */

    /* atomics */
    atomic_bool drain; /* what is under way shall come to its end, and nothing else begin */
    atomic_bool stop;  /* the thread shall end */

    /* shared, under stop_lock */
    pthread_mutex_t stop_lock;
    bool running;
};

#endif
