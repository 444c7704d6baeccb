/* See head.h. */
#include "head.h"

#include "fault.h"
#include "text.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *reason_of(int status) {
    const char *reason = MHD_get_reason_phrase_for((unsigned)status);
    return reason ? reason : "Unknown";
}

static void write_status_line(FILE *out, const struct answer *answer, const struct manner *manner) {
    if (manner->given & MANNER_STATUS_LINE) {
        fwrite(manner->status_line.at ? manner->status_line.at : "", 1, manner->status_line.size, out);
        return;
    }
    fprintf(out, "HTTP/1.%d %d %s\r\n", manner->given & MANNER_HTTP10 ? 0 : 1, answer->status,
            reason_of(answer->status));
}

static void write_framing(FILE *out, const struct answer *answer, const struct manner *manner) {
    if (answer->chunked) {
        fputs("Transfer-Encoding: chunked\r\n", out);
    } else if (answer->status != 204 && answer->announced != ENDLESS && !manner->no_length) {
        fprintf(out, "Content-Length: %llu\r\n", (unsigned long long)answer->announced);
    }
}

/* Takes the CR away before each LF. */
static void strip_cr(struct bytes *bytes) {
    size_t kept = 0;
    for (size_t i = 0; i < bytes->size; i++) {
        if (bytes->at[i] != '\r' || i + 1 == bytes->size || bytes->at[i + 1] != '\n') {
            bytes->at[kept++] = bytes->at[i];
        }
    }
    bytes->size = kept;
}

static bool finish(FILE *out, struct bytes *bytes) {
    bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        free(bytes->at);
        bytes->at = NULL;
        return false;
    }
    return true;
}

bool head_write(const struct answer *answer, const struct manner *manner, int64_t wall_s, struct bytes *bytes) {
    char date[HTTP_DATE_SIZE];
    FILE *out = open_memstream(&bytes->at, &bytes->size);
    if (!out) {
        return false;
    }
    http_date_write(wall_s, date);
    write_status_line(out, answer, manner);
    fprintf(out, "Date: %s\r\n", date);
    for (size_t i = 0; i < answer->field_count; i++) {
        fprintf(out, "%s: %s\r\n", answer->fields[i].name, answer->fields[i].value);
    }
    write_framing(out, answer, manner);
    if (!fault_ends_connection(answer->fault) && !answer_has_field(answer, "Connection")) {
        fputs("Connection: close\r\n", out); /* libmicrohttpd cannot go on with a connection that it did not answer */
    }
    if (manner->lines.size > 0) {
        fwrite(manner->lines.at, 1, manner->lines.size, out);
    }
    if (!finish(out, bytes)) {
        return false;
    }
    if (manner->given & MANNER_LF) {
        strip_cr(bytes);
    }
    return true;
}

bool head_write_interim(int status, struct bytes *bytes) {
    FILE *out = open_memstream(&bytes->at, &bytes->size);
    if (!out) {
        return false;
    }
    fprintf(out, "HTTP/1.1 %d %s\r\n%s\r\n", status, reason_of(status),
            status == 103 ? "Link: </style.css>; rel=preload; as=style\r\n" : "");
    return finish(out, bytes);
}

void head_write_filler(uint64_t index, bool lf, char out[FILLER_SIZE]) {
    char line[FILLER_SIZE + 1];
    int size = snprintf(line, sizeof line, "X-Filler-%010llu: ", (unsigned long long)(index % 10000000000U));
    memset(out, 'a', FILLER_SIZE);
    memcpy(out, line, (size_t)size);
    out[FILLER_SIZE - 2] = lf ? 'a' : '\r';
    out[FILLER_SIZE - 1] = '\n';
}
