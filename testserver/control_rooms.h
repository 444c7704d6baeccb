/* What the rooms behind the admin paths share: the request as they see it, and who answers what. control.c chooses.
 * Loop's thread. */
#ifndef TESTSERVER_CONTROL_ROOMS_H
#define TESTSERVER_CONTROL_ROOMS_H

#include "filter.h"
#include "reply.h"
#include "server.h"

/* What a request to an admin path asks for. */
struct control_request {
    struct exchange *exchange;
    struct insist_testserver *server;
    const char *path;     /* behind the prefix of all admin paths */
    struct filter filter; /* of its parameters: path=, key=, contains=, since=, limit= */
};

typedef struct reply control_fn(const struct control_request *request);

/* control_ledger.c: what has happened */
control_fn control_get_journal, control_delete_journal, control_get_counts, control_delete_counts, control_get_stats,
    control_get_duplicates;

/* control_page.c: the page and the files that belong to it, and the figures */
control_fn control_get_page, control_get_metrics;
bool control_has_page(const char *path); /* behind the prefix */

/* control_scripts.c: what is to happen */
control_fn control_get_scripts, control_put_script, control_delete_script;

#endif
