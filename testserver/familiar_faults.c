/* Familiar paths for how a client copes: statuses, delays, sizes, ranges. See familiar_rows.h. */
#include "familiar_rows.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t size_limit = UINT64_C(1) << 30;

/* ---- statuses --------------------------------------------------------------------------------------------------- */

/* A status as httpbin answers it: without a body, with the header that clients look for. */
static void put_status(struct familiar *familiar, uint64_t status) {
    const char *location =
        status == 301 || status == 302 || status == 303 || status == 307 || status == 308 ? "=/redirect/1" : "";
    fprintf(familiar->out, "%llu%s", (unsigned long long)status, location);
    if (status != 204 && status != 304) {
        fputs(";body=\"\"", familiar->out);
    }
    if (status == 401) {
        fputs(";h:WWW-Authenticate=\"Basic realm=\\\"Fake Realm\\\"\"", familiar->out);
    } else if (status == 407) {
        fputs(";h:Proxy-Authenticate=\"Basic realm=\\\"Fake Realm\\\"\"", familiar->out);
    }
}

enum { MOST_STATUSES = 64 };

struct statuses {
    size_t count;
    double sum; /* of the weights */
    uint64_t status[MOST_STATUSES];
    double weight[MOST_STATUSES];
};

/* CODE or CODE:WEIGHT, separated by commas; a weight that is not written is 1. */
static bool read_statuses(char *text, struct statuses *statuses) {
    char *rest;
    for (char *word = strtok_r(text, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
        char *colon = strchr(word, ':');
        if (statuses->count == MOST_STATUSES || (colon && !familiar_is_decimal(colon + 1))) {
            return false;
        }
        if (colon) {
            *colon = '\0';
        }
        double weight = colon ? strtod(colon + 1, NULL) : 1;
        uint64_t *status = &statuses->status[statuses->count];
        if (!familiar_number(word, 999, status) || *status < 200 || weight > 1e6) {
            return false;
        }
        statuses->weight[statuses->count++] = weight;
        statuses->sum += weight;
    }
    return statuses->sum > 0;
}

bool familiar_status(struct familiar *familiar) {
    struct statuses statuses = {0};
    char *text = strdup(familiar->parts[0]);
    familiar->no_memory = familiar->no_memory || !text;
    bool ok = text && read_statuses(text, &statuses);
    free(text);
    for (size_t i = 0; ok && i < statuses.count; i++) {
        if (i + 1 < statuses.count) { /* the last takes the rest; rounded down, so that the sum stays below 1 */
            double share = statuses.weight[i] / statuses.sum;
            fprintf(familiar->out, "%.9f:", share > 5e-10 ? share - 5e-10 : 0);
        }
        put_status(familiar, statuses.status[i]);
        fputs(i + 1 < statuses.count ? "|" : "", familiar->out);
    }
    return ok;
}

bool familiar_unstable(struct familiar *familiar) {
    const char *rate = familiar_parameter(familiar, "rate");
    rate = rate ? rate : familiar_parameter(familiar, "failure_rate");
    rate = rate ? rate : "0.5";
    if (!familiar_is_decimal(rate) || strtod(rate, NULL) > 1) {
        return false;
    }
    fprintf(familiar->out, "%.9f:500;body=\"\"|200;body=\"\"", strtod(rate, NULL));
    return true;
}

/* ---- time ------------------------------------------------------------------------------------------------------- */

/* A number, with a unit or in seconds, or a distribution, which the script's own parser reads. */
bool familiar_delay(struct familiar *familiar) {
    static const char words[] = "abcdefghijklmnopqrstuvwxyz0123456789.,:()";
    char number[32];
    const char *text = familiar->parts[0];
    if (text[0] >= 'a' && text[0] <= 'z' && text[strspn(text, words)] == '\0' && strchr(text, '(')) {
        fprintf(familiar->out, "delay=%s;echo=delay", text);
        return true;
    }
    size_t length = strspn(text, "0123456789.");
    const char *unit = text + length;
    if (length >= sizeof number || (strcmp(unit, "ms") != 0 && strcmp(unit, "s") != 0 && *unit != '\0')) {
        return false;
    }
    memcpy(number, text, length);
    number[length] = '\0';
    fprintf(familiar->out, "delay=%s%s;echo=delay", number, *unit ? unit : "s");
    return familiar_is_decimal(number);
}

bool familiar_hold(struct familiar *familiar) {
    uint64_t hits = 1;
    const char *path = familiar_parameter(familiar, "for");
    if (!path || path[0] != '/' || strpbrk(path, ",;|>") ||
        !familiar_parameter_number(familiar, "hits", UINT64_C(1000000000), &hits) || hits == 0) {
        return false;
    }
    fprintf(familiar->out, "hold=%s>=%llu", path, (unsigned long long)hits);
    return true;
}

/* ---- sizes ------------------------------------------------------------------------------------------------------ */

static bool put_random(struct familiar *familiar, const char *more) {
    uint64_t size;
    if (!familiar_number(familiar->parts[0], size_limit, &size)) {
        return false;
    }
    fprintf(familiar->out, "random=%llu", (unsigned long long)size);
    if (familiar->has_seed) {
        fprintf(familiar->out, "@%llu", (unsigned long long)familiar->seed);
    }
    fprintf(familiar->out, ";type=application/octet-stream%s", more);
    return true;
}

bool familiar_bytes(struct familiar *familiar) {
    return put_random(familiar, "");
}

bool familiar_stream_bytes(struct familiar *familiar) {
    return put_random(familiar, ";chunked");
}

bool familiar_stream(struct familiar *familiar) {
    uint64_t lines;
    bool ok = familiar_number(familiar->parts[0], 100, &lines);
    fprintf(familiar->out, "echo=stream*%llu;chunked", ok ? (unsigned long long)lines : 0);
    return ok;
}

/* ---- ranges (RFC 9110 section 14) ------------------------------------------------------------------------------- */

enum range { RANGE_NONE, RANGE_PART, RANGE_UNSATISFIABLE };

/* The one range that the header asks for; one that cannot be read, or more than one, counts as none. */
static enum range read_range(const char *header, uint64_t size, uint64_t *first, uint64_t *last) {
    static const char unit[] = "bytes=";
    char from[24];
    uint64_t number = 0;
    const char *spec = header && strncmp(header, unit, sizeof unit - 1) == 0 ? header + sizeof unit - 1 : "";
    const char *to = strchr(spec, '-');
    if (!to || (size_t)(to - spec) >= sizeof from) {
        return RANGE_NONE;
    }
    snprintf(from, sizeof from, "%.*s", (int)(to++ - spec), spec);
    *last = size - 1;
    if (from[0] == '\0') { /* "-N": the last N */
        if (!familiar_number(to, UINT64_MAX, &number)) {
            return RANGE_NONE;
        }
        *first = number < size ? size - number : 0;
        return number > 0 ? RANGE_PART : RANGE_UNSATISFIABLE;
    }
    bool open = *to == '\0';
    if (!familiar_number(from, UINT64_MAX, first) ||
        (!open && (!familiar_number(to, UINT64_MAX, &number) || number < *first))) {
        return RANGE_NONE;
    }
    *last = !open && number < size ? number : size - 1;
    return *first < size ? RANGE_PART : RANGE_UNSATISFIABLE;
}

bool familiar_range(struct familiar *familiar) {
    uint64_t size;
    uint64_t first = 0;
    uint64_t last = 0;
    char tag[40];
    if (!familiar_number(familiar->parts[0], size_limit, &size) || size == 0) {
        return false;
    }
    unsigned long long all = size;
    snprintf(tag, sizeof tag, "\"range%llu\"", all);
    const char *condition = familiar_header(familiar, "If-Range");
    const char *header = condition && strcmp(condition, tag) != 0 ? NULL : familiar_header(familiar, "Range");
    switch (read_range(header, size, &first, &last)) {
    case RANGE_NONE: fprintf(familiar->out, "size=%llu", all); break;
    case RANGE_PART:
        fprintf(familiar->out, "206;size=%llu@%llu;h:Content-Range=bytes %llu-%llu/%llu",
                (unsigned long long)(last - first + 1), (unsigned long long)first, (unsigned long long)first,
                (unsigned long long)last, all);
        break;
    case RANGE_UNSATISFIABLE: fprintf(familiar->out, "416;body=\"\";h:Content-Range=bytes */%llu", all); break;
    }
    fprintf(familiar->out, ";h:ETag=\"\\\"range%llu\\\"\";h:Accept-Ranges=bytes", all);
    return true;
}
