/* What may run out of memory. A scenario makes all that it needs of the scene's memory, uses it and gives it back; the
 * driver is test_memory.c, which lets each allocation fail in turn. On the test's own thread: cmocka's asserts are used. */
#ifndef TESTS_OUT_OF_MEMORY_H
#define TESTS_OUT_OF_MEMORY_H

#include "base/env.h"
#include <insist/insist.h>
#include <insist/testserver.h>

struct memory_scene {
    const struct env *env;
    insist_client *client;              /* of that memory, made before any of it fails */
    insist_testserver *server, *secure; /* http; https */
    const char *ca_file;                /* whom the second's certificate is from */
    const insist_retry_policy *retry;   /* the client's: soon */
};

struct memory_scenario {
    const char *name;
    size_t allocations;                          /* that it makes, at least */
    void (*prepare)(struct memory_scene *scene); /* before anything fails; may be NULL */
    /* INSIST_OK: it worked, and what came of it has been looked at. Else what failed first. */
    insist_err (*run)(struct memory_scene *scene);
};

enum { MEMORY_CALLS = 18, MEMORY_CLIENTS = 5, MEMORY_PARTS = 5 };
extern const struct memory_scenario memory_of_calls[MEMORY_CALLS];     /* out_of_memory_calls.c */
extern const struct memory_scenario memory_of_clients[MEMORY_CLIENTS]; /* out_of_memory_clients.c */
extern const struct memory_scenario memory_of_parts[MEMORY_PARTS];     /* out_of_memory_parts.c */

/* The options of the scene's client: what a client can be told that takes memory, but for what keeps it from its servers
 * (the other clients of out_of_memory_clients.c). Good until the next call. */
insist_client_options memory_client_options(const struct memory_scene *scene);

/* GET url; the answer is a 200 of that length. */
insist_err memory_get(struct memory_scene *scene, const char *url, size_t length);

#endif
