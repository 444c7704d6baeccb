/* Small texts: HTTP dates, percent-encoding, the parts of a request's target. Pure. */
#ifndef TESTSERVER_TEXT_H
#define TESTSERVER_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HTTP_DATE_SIZE = 80 };

/* "Sun, 06 Nov 1994 08:49:37 GMT", whatever the locale. */
void http_date_write(int64_t wall_s, char out[HTTP_DATE_SIZE]);

/* A request's target, split and decoded. '+' means '+'. */
struct target {
    char *raw;   /* as sent, without scheme and host */
    char *query; /* the part of raw behind '?', or its end */
    char *path;  /* decoded; as sent where bad */
    bool bad;    /* the path has a broken escape, or one that means NUL */
};

enum target_code { TARGET_OK, TARGET_BAD, TARGET_NO_MEMORY };

/* False: no memory. */
bool target_init(struct target *target, const char *raw);
void target_fini(struct target *target);

/* The decoded value of a parameter, for the caller to free; *value is NULL where it is not there. TARGET_BAD: a broken
 * escape. */
enum target_code target_parameter(const struct target *target, const char *name, char **value);

#endif
