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

static const uint64_t duration_limit_ms = UINT64_C(86400) * 1000; /* a day, as in scripts */

/* "200ms", "1.5s", or "1.5", which is seconds, too. */
static bool read_duration_ms(const char *text, uint64_t *out) {
    char number[32];
    size_t length = strspn(text, "0123456789.");
    bool in_ms = strcmp(text + length, "ms") == 0;
    if (length >= sizeof number || (!in_ms && text[length] != '\0' && strcmp(text + length, "s") != 0)) {
        return false;
    }
    memcpy(number, text, length);
    number[length] = '\0';
    double ms = strtod(number, NULL) * (in_ms ? 1 : 1000);
    if (!familiar_is_decimal(number) || ms > (double)duration_limit_ms) {
        return false;
    }
    *out = (uint64_t)(ms + 0.5);
    return true;
}

static bool read_parameter_ms(struct familiar *familiar, const char *name, uint64_t *out) {
    const char *text = familiar_parameter(familiar, name);
    return !text || read_duration_ms(text, out);
}

/* A duration, or a distribution, which the script's own parser reads. */
bool familiar_delay(struct familiar *familiar) {
    static const char words[] = "abcdefghijklmnopqrstuvwxyz0123456789.,:()";
    const char *text = familiar->parts[0];
    uint64_t delay_ms;
    if (text[0] >= 'a' && text[0] <= 'z' && text[strspn(text, words)] == '\0' && strchr(text, '(')) {
        fprintf(familiar->out, "delay=%s;echo=delay", text);
        return true;
    }
    bool ok = read_duration_ms(text, &delay_ms);
    fprintf(familiar->out, "delay=%llums;echo=delay", ok ? (unsigned long long)delay_ms : 0);
    return ok;
}

/* Spreads size bytes over a duration, in pieces that are as small as steps of a millisecond allow. */
static void put_pace(struct familiar *familiar, uint64_t size, uint64_t duration_ms) {
    if (size == 0 || duration_ms == 0) {
        return;
    }
    uint64_t every_ms = duration_ms > size ? duration_ms / size : 1;
    uint64_t piece = (size * every_ms + duration_ms - 1) / duration_ms;
    fprintf(familiar->out, ";drip=%llums/%llu", (unsigned long long)every_ms, (unsigned long long)piece);
}

bool familiar_drip(struct familiar *familiar) {
    uint64_t duration_ms = 2000;
    uint64_t delay_ms = 0;
    uint64_t size = 10;
    uint64_t status = 200;
    if (!read_parameter_ms(familiar, "duration", &duration_ms) || !read_parameter_ms(familiar, "delay", &delay_ms) ||
        !familiar_parameter_number(familiar, "numbytes", UINT64_C(1) << 20, &size) ||
        !familiar_parameter_number(familiar, "code", 999, &status) || status < 200) {
        return false;
    }
    fprintf(familiar->out, "%llu;delay=%llums", (unsigned long long)status, (unsigned long long)delay_ms);
    put_pace(familiar, size, duration_ms);
    fputs(";type=application/octet-stream;body=\"", familiar->out);
    for (uint64_t i = 0; i < size; i++) {
        fputc('*', familiar->out);
    }
    fputc('"', familiar->out);
    return true;
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
    uint64_t chunk = 0;
    char more[32] = ";chunked";
    if (!familiar_parameter_number(familiar, "chunk_size", size_limit, &chunk)) {
        return false;
    }
    if (chunk > 0) {
        snprintf(more, sizeof more, ";chunked=%llu", (unsigned long long)chunk);
    }
    return put_random(familiar, more);
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
    uint64_t duration_ms = 0;
    char tag[40];
    if (!familiar_number(familiar->parts[0], size_limit, &size) || size == 0 ||
        !read_parameter_ms(familiar, "duration", &duration_ms)) {
        return false;
    }
    unsigned long long all = size, part;
    snprintf(tag, sizeof tag, "\"range%llu\"", all);
    const char *condition = familiar_header(familiar, "If-Range");
    const char *header = condition && strcmp(condition, tag) != 0 ? NULL : familiar_header(familiar, "Range");
    switch (read_range(header, size, &first, &last)) {
    case RANGE_NONE:
        fprintf(familiar->out, "size=%llu", all);
        put_pace(familiar, size, duration_ms);
        break;
    case RANGE_PART:
        part = last - first + 1;
        fprintf(familiar->out, "206;size=%llu@%llu;h:Content-Range=bytes %llu-%llu/%llu", part,
                (unsigned long long)first, (unsigned long long)first, (unsigned long long)last, all);
        put_pace(familiar, part, duration_ms);
        break;
    case RANGE_UNSATISFIABLE: fprintf(familiar->out, "416;body=\"\";h:Content-Range=bytes */%llu", all); break;
    }
    fprintf(familiar->out, ";h:ETag=\"\\\"range%llu\\\"\";h:Accept-Ranges=bytes", all);
    return true;
}
