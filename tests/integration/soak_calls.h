/* Calls of a soak: every way in which a call can be made and end, a few dozen kinds, each with the end that it must have.
 * soak_call() may be used by any number of threads at once. */
#ifndef TESTS_SOAK_CALLS_H
#define TESTS_SOAK_CALLS_H

#include <insist/insist.h>
#include <stdbool.h>

struct soak_servers {
    uint16_t ports[2]; /* a test server's over http, and one's over https */
    uint16_t doors[2]; /* the same; theirs are the faults of the port, which befall whoever connects next */
    uint16_t nobodys;  /* nobody listens there */
};

/* Makes what the calls of all threads share: policies, handlers, a client; all of the library's memory is counted. */
insist_err soak_init(const struct soak_servers *servers);
void soak_fini(void);
insist_client *soak_client(void);
long long soak_blocks(void); /* of the library that have not been freed */

enum { SOAK_TEXT = 512 };

size_t soak_kinds(void);
/* Makes the call of that number; false: it did not end as it must, and `problem` says how. */
bool soak_call(size_t number, char problem[SOAK_TEXT]);

#endif
