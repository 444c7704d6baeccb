/* From a choice to the bytes of an answer. See answer.h. */
#include "answer.h"

#include "fault.h"
#include "text.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Without size= and body= a cut body is announced this much longer than what is sent. */
static const uint64_t beyond_cut = 1000;

/* Of the header blocks of request and answer together: libmicrohttpd has 16 KiB for a connection, and the rest is for
 * its own lines and the request's body. */
static const size_t heads_limit = 12288;

static bool add_field(struct answer *answer, const char *name, const char *value) {
    char *own_name = strdup(name), *own_value = strdup(value);
    struct field *grown = NULL;
    size_t count = answer->field_count; /* there is room for a power of two */
    if (own_name && own_value) {
        bool full = (count & (count - 1)) == 0;
        grown = full ? realloc(answer->fields, (count > 0 ? count * 2 : 1) * sizeof *grown) : answer->fields;
    }
    if (!grown) {
        free(own_name);
        free(own_value);
        return false;
    }
    answer->fields = grown;
    grown[answer->field_count++] = (struct field){.name = own_name, .value = own_value};
    return true;
}

void answer_fini(struct answer *answer) {
    for (size_t i = 0; i < answer->field_count; i++) {
        free(answer->fields[i].name);
        free(answer->fields[i].value);
    }
    free(answer->fields);
    free(answer->bytes);
    packed_free(answer->packed);
    memset(answer, 0, sizeof *answer);
}

size_t answer_read(const struct answer *answer, uint64_t position, uint8_t *out, size_t room) {
    if (position >= answer->size) {
        return 0;
    }
    uint64_t left = answer->size - position;
    size_t count = left < room ? (size_t)left : room;
    if (answer->bytes) {
        memcpy(out, answer->bytes + position, count);
    } else if (answer->packed) {
        count = packed_read(answer->packed, position, out, count);
    } else {
        fill_read(&answer->fill, position, out, count);
    }
    return count;
}

static bool set_bytes(struct answer *answer, const void *bytes, size_t size) {
    answer->bytes = malloc(size + 1);
    if (!answer->bytes) {
        return false;
    }
    if (size > 0) {
        memcpy(answer->bytes, bytes, size);
    }
    answer->size = size;
    return true;
}

static bool take_bytes(struct answer *answer, const struct asked *asked) {
    if (!asked->body || !*asked->body) {
        return set_bytes(answer, NULL, 0);
    }
    answer->bytes = *asked->body;
    answer->size = asked->body_size;
    *asked->body = NULL;
    return true;
}

static bool make_body(struct answer *answer, const struct choice *choice, const struct asked *asked) {
    if (answer->status == 204 || answer->status == 304) {
        return true;
    }
    if (choice->body == BODY_TEXT) {
        return set_bytes(answer, choice->text, (size_t)choice->size);
    }
    if (choice->body == BODY_ECHO) {
        return take_bytes(answer, asked);
    }
    if (choice->body == BODY_PATTERN || fault_cuts_body(choice->fault)) {
        answer->fill = choice->fill;
        if (choice->fill.random && !choice->seeded) {
            answer->fill.start = asked->draw;
        }
        answer->size = choice->body == BODY_PATTERN ? choice->size : choice->cut + beyond_cut;
        return true;
    }
    char line[80];
    const char *reason = MHD_get_reason_phrase_for((unsigned)answer->status);
    int length = snprintf(line, sizeof line, "%d %s\n", answer->status, reason ? reason : "Unknown");
    return set_bytes(answer, line, (size_t)length);
}

/* Random bytes do not repeat: they are written out before they are compressed. */
static bool write_out(struct answer *answer) {
    uint8_t *bytes = malloc((size_t)answer->size + 1);
    if (!bytes) {
        return false;
    }
    answer_read(answer, 0, bytes, (size_t)answer->size);
    answer->bytes = bytes;
    return true;
}

/* The body in its place compressed, or said to be. */
static bool compress_body(struct answer *answer, const struct choice *choice) {
    if (answer->fill.random && !answer->bytes && !write_out(answer)) {
        return false;
    }
    if (choice->gzip_flaw != GZIP_PLAIN) {
        answer->packed = packed_new(answer->bytes, &answer->fill, answer->size, choice->deflate);
        if (!answer->packed) {
            return false;
        }
        free(answer->bytes);
        answer->bytes = NULL;
        answer->size = packed_size(answer->packed);
    }
    if (choice->gzip_flaw == GZIP_CRC || choice->gzip_flaw == GZIP_LENGTH) {
        packed_break(answer->packed, choice->gzip_flaw == GZIP_CRC ? PACKED_CRC : PACKED_LENGTH);
    }
    if (choice->gzip_flaw == GZIP_TRUNCATED && answer->size != ENDLESS) {
        answer->size /= 2;
    }
    return add_field(answer, "Content-Encoding", choice->deflate ? "deflate" : "gzip");
}

static bool add_retry_after(struct answer *answer, const struct choice *choice, int64_t wall_s) {
    char value[HTTP_DATE_SIZE];
    switch (choice->retry_after) {
    case RETRY_AFTER_NONE: return true;
    case RETRY_AFTER_TEXT: return add_field(answer, "Retry-After", choice->retry_after_text);
    case RETRY_AFTER_DATE: http_date_write(wall_s + choice->retry_after_s, value); break;
    case RETRY_AFTER_SECONDS: snprintf(value, sizeof value, "%lld", (long long)choice->retry_after_s); break;
    }
    return add_field(answer, "Retry-After", value);
}

bool answer_has_field(const struct answer *answer, const char *name) {
    for (size_t i = 0; i < answer->field_count; i++) {
        if (strcasecmp(answer->fields[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static const char *type_of(const struct choice *choice, const struct asked *asked) {
    if (choice->type) {
        return choice->type;
    }
    if (choice->body == BODY_ECHO && !choice->shape && asked->content_type) {
        return asked->content_type;
    }
    if (choice->shape) {
        return "application/json";
    }
    return choice->body == BODY_PATTERN || choice->body == BODY_ECHO ? "application/octet-stream"
                                                                     : "text/plain; charset=utf-8";
}

static bool add_fields(struct answer *answer, const struct choice *choice, const struct asked *asked) {
    if ((answer->size > 0 || choice->type) && !add_field(answer, "Content-Type", type_of(choice, asked))) {
        return false;
    }
    const char *location = choice->location_self ? asked->target : choice->location;
    if (location && !add_field(answer, "Location", location)) {
        return false;
    }
    for (size_t i = 0; i < choice->field_count; i++) {
        if (!add_field(answer, choice->fields[i].name, choice->fields[i].value)) {
            return false;
        }
    }
    /* idle connections are closed with an order to the port, and this one would be idle next */
    bool ends = choice->port.fault != PORT_SERVES && choice->fault == INSIST_TESTSERVER_NO_FAULT;
    if (ends && !answer_has_field(answer, "Connection") && !add_field(answer, "Connection", "close")) {
        return false;
    }
    return add_retry_after(answer, choice, asked->wall_s);
}

/* Of the header block but status line and framing, for which there is room. */
static size_t size_of_fields(const struct answer *answer) {
    size_t size = 0;
    for (size_t i = 0; i < answer->field_count; i++) {
        size += strlen(answer->fields[i].name) + strlen(answer->fields[i].value) + 4; /* ": " and the line's end */
    }
    return size;
}

/* Old clients get chunks only where these are what is wrong. */
static bool is_chunked(const struct manner *manner, const struct asked *asked) {
    return manner_is_chunked(manner) && (!asked->old_http || manner->bad_chunk);
}

/* Where the fault cuts. What truncate@ sends is less than announced whatever the body turned out to be. */
static void set_limits(struct answer *answer, const struct choice *choice, bool head) {
    answer->announced = answer->size;
    answer->limit = answer->size;
    if (fault_cuts_body(choice->fault) && choice->cut < answer->size) {
        answer->limit = choice->cut;
    }
    if ((choice->manner.given & MANNER_LENGTH) && !choice->manner.no_length) {
        answer->announced = choice->manner.length;
    } else if (choice->fault == INSIST_TESTSERVER_TRUNCATE && answer->limit == answer->size) {
        answer->announced = answer->size + 1;
    }
    answer->head_only = head;
    if (head) {
        answer->limit = 0;
    }
}

bool answer_make(struct answer *answer, const struct choice *choice, const struct asked *asked) {
    memset(answer, 0, sizeof *answer);
    answer->fault = choice->fault;
    answer->status = choice->status ? choice->status : 200;
    answer->chunked = is_chunked(&choice->manner, asked);
    answer->cut_given = choice->cut_given;
    answer->cut = choice->cut;
    if (!make_body(answer, choice, asked) || (choice->gzip && !compress_body(answer, choice)) ||
        !add_fields(answer, choice, asked)) {
        answer_fini(answer);
        return false;
    }
    answer->long_head = asked->head_size + size_of_fields(answer) > heads_limit;
    set_limits(answer, choice, asked->head);
    return true;
}

bool answer_make_text(struct answer *answer, int status, const char *line) {
    memset(answer, 0, sizeof *answer);
    answer->status = status;
    if (!set_bytes(answer, line, strlen(line)) || !add_field(answer, "Content-Type", "text/plain; charset=utf-8")) {
        answer_fini(answer);
        return false;
    }
    answer->announced = answer->size;
    answer->limit = answer->size;
    return true;
}
