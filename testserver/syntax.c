/* See syntax.h. */
#include "syntax.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct syntax_fault none;

static struct syntax_fault fault(int status, const char *line) {
    return (struct syntax_fault){status, line};
}

/* ---- the first line --------------------------------------------------------------------------------------------- */

static bool is_token(const char *text) {
    static const char allowed[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return text[0] && text[strspn(text, allowed)] == '\0';
}

static bool has_control(const char *text) {
    for (const char *at = text; *at; at++) {
        if ((unsigned char)*at < ' ' || *at == 0x7f) {
            return true;
        }
    }
    return false;
}

/* libmicrohttpd leaves the version where it was received, one NUL behind the target: with another NUL in between, the
 * target ends before its end. */
static bool has_nul(const struct exchange *exchange, const char *version) {
    const uintptr_t largest = 65536; /* further away it is in no buffer that the target is in */
    uintptr_t distance = (uintptr_t)version - exchange->raw_at;
    if (distance > largest || distance <= exchange->raw_length) {
        return false;
    }
    for (const char *at = version - 1; (uintptr_t)at > exchange->raw_at + exchange->raw_length; at--) {
        if (*at != ' ') {
            return true;
        }
    }
    return false;
}

static bool is_a_form(const char *raw, const char *method) {
    /* http://host/path has lost its host by now */
    return raw[0] == '/' || strcmp(raw, "*") == 0 || strcmp(method, "CONNECT") == 0 ||
           strncasecmp(raw, "http://", 7) == 0 || strncasecmp(raw, "https://", 8) == 0;
}

/* ---- the fields ------------------------------------------------------------------------------------------------- */

struct fields {
    const char *head, *end; /* where the header block lies; fixed */
    unsigned hosts, encodings;
    const char *length; /* the first Content-Length */
    const char *behind; /* the end of the last line's text; NULL: it is not there */
    uintptr_t line_end; /* how many bytes end a line; 0: no line has told yet */
    bool bad_name, bad_end, lengths_differ, unknown_encoding;
};

static bool is_in_head(const struct fields *fields, const char *at) {
    return (uintptr_t)at >= (uintptr_t)fields->head && (uintptr_t)at <= (uintptr_t)fields->end;
}

/* libmicrohttpd leaves the lines where they were received, a NUL in place of each byte of a line's end: with another
 * NUL in it, a value ends before its end. A NUL in front of LF is then no different from CR, so that all lines have to
 * end as the first does: what reads as CRLF throughout is taken for that. next: the next field's name, or the end of
 * all; lines: that end up to there. Folded lines are moved elsewhere, and not looked at. */
static void look_behind(struct fields *fields, const char *next, uintptr_t lines) {
    if (!fields->behind || !is_in_head(fields, next)) {
        return;
    }
    uintptr_t bytes = (uintptr_t)next - (uintptr_t)fields->behind;
    fields->line_end = fields->line_end ? fields->line_end : bytes / lines;
    fields->bad_end |= fields->line_end > 2 || bytes != fields->line_end * lines;
}

static enum MHD_Result see(void *cls, enum MHD_ValueKind kind, const char *name, const char *value) {
    struct fields *fields = cls;
    const char *text = value ? value : "";
    (void)kind;
    fields->bad_name |= !is_token(name);
    look_behind(fields, name, 1);
    fields->behind = is_in_head(fields, name) && value ? value + strlen(value) : NULL;
    if (strcasecmp(name, "Host") == 0) {
        fields->hosts++;
    } else if (strcasecmp(name, "Content-Length") == 0) {
        fields->lengths_differ |= fields->length && strcmp(fields->length, text) != 0;
        fields->length = fields->length ? fields->length : text;
    } else if (strcasecmp(name, "Transfer-Encoding") == 0) {
        fields->encodings++;
        fields->unknown_encoding |= strcasecmp(text, "chunked") != 0;
    }
    return MHD_YES;
}

/* The header block's size counts from the method on. */
static struct syntax_fault check_fields(const struct exchange *exchange, const char *method, const char *version) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    struct fields fields = {.head = method, .end = info ? method + info->header_size : method};
    bool needs_host = strcmp(version, "HTTP/1.1") == 0;
    fields.behind = is_in_head(&fields, version) ? version + strlen(version) : NULL;
    MHD_get_connection_values(exchange->mhd, MHD_HEADER_KIND, see, &fields);
    look_behind(&fields, fields.end, 2);
    if (fields.bad_name) {
        return fault(400, "a header field's name is no token\n");
    }
    if (fields.bad_end) {
        return fault(400, "a header field's value has a NUL byte, or lines end some with CRLF and some with LF\n");
    }
    if (fields.hosts > 1 || (fields.hosts == 0 && needs_host)) {
        return fault(400, "there must be one Host field\n");
    }
    if (fields.length && fields.encodings > 0) {
        return fault(400, "Content-Length and Transfer-Encoding exclude each other\n");
    }
    if (fields.lengths_differ) {
        return fault(400, "there are two different Content-Length fields\n");
    }
    if (fields.unknown_encoding) {
        return fault(501, "of the transfer codings this server knows only chunked\n");
    }
    return fields.encodings > 1 ? fault(400, "the body is chunked more than once\n") : none;
}

struct syntax_fault syntax_check(const struct exchange *exchange, const char *method, const char *version) {
    if (!is_token(method)) {
        return fault(400, "the method is no token\n");
    }
    if (has_control(exchange->target.raw) || has_nul(exchange, version)) {
        return fault(400, "the target has a control character\n");
    }
    if (!is_a_form(exchange->target.raw, method)) {
        return fault(400, "the target must begin with a slash, http:// or https://, or be *\n");
    }
    return check_fields(exchange, method, version);
}

struct syntax_fault syntax_check_length(const struct exchange *exchange) {
    const char *length = exchange_header(exchange, "Content-Length");
    if (!length) {
        return none;
    }
    if (!length[0] || length[strspn(length, "0123456789")] != '\0') {
        return fault(400, "Content-Length must be a decimal number\n");
    }
    errno = 0;
    unsigned long long number = strtoull(length, NULL, 10);
    return errno == ERANGE || number == UINT64_MAX ? fault(413, "Content-Length is beyond 64 bits\n") : none;
}
