/* See respond.h. */
#include "respond.h"

#include <stdlib.h>

static const size_t piece_size = 32768;

/* What the reader of a body owns: an answer without status and header fields. */
static struct answer *source_new(struct answer *answer) {
    struct answer *source = calloc(1, sizeof *source);
    if (source) {
        source->bytes = answer->bytes;
        source->packed = answer->packed;
        source->fill = answer->fill;
        source->size = answer->size;
        answer->bytes = NULL;
        answer->packed = NULL;
    }
    return source;
}

static void source_free(void *cls) {
    struct answer *source = cls;
    answer_fini(source);
    free(source);
}

static ssize_t read_source(void *cls, uint64_t position, char *out, size_t room) {
    size_t count = answer_read(cls, position, (uint8_t *)out, room);
    return count > 0 ? (ssize_t)count : MHD_CONTENT_READER_END_OF_STREAM;
}

static struct MHD_Response *make_read(struct answer *answer, uint64_t announced) {
    struct answer *source = source_new(answer);
    struct MHD_Response *response =
        source ? MHD_create_response_from_callback(announced, piece_size, read_source, source, source_free) : NULL;
    if (source && !response) {
        source_free(source);
    }
    return response;
}

static struct MHD_Response *make(struct answer *answer) {
    static char empty[1];
    if (answer->chunked) {
        return make_read(answer, MHD_SIZE_UNKNOWN);
    }
    if (answer->size == 0) {
        return MHD_create_response_from_buffer(0, empty, MHD_RESPMEM_PERSISTENT);
    }
    if (!answer->bytes) {
        return make_read(answer, answer->size);
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer((size_t)answer->size, answer->bytes, MHD_RESPMEM_MUST_FREE);
    if (response) {
        answer->bytes = NULL;
    }
    return response;
}

/* libmicrohttpd takes no empty value; blanks around a value do not belong to it (RFC 9110 section 5.5), so this is one. */
static const char *value_of(const struct field *field) {
    return field->value[0] ? field->value : " ";
}

/* The whole answer but its status. NULL: no memory. */
static struct MHD_Response *response_new(struct answer *answer) {
    struct MHD_Response *response = make(answer);
    for (size_t i = 0; response && i < answer->field_count; i++) {
        if (MHD_add_response_header(response, answer->fields[i].name, value_of(&answer->fields[i])) != MHD_YES) {
            MHD_destroy_response(response);
            response = NULL;
        }
    }
    return response;
}

struct MHD_Response *respond_plain_new(void) {
    static const struct choice plain = {.weight = 1};
    static const struct asked asked = {.head = false};
    struct answer answer;
    struct MHD_Response *response = answer_make(&answer, &plain, &asked) ? response_new(&answer) : NULL;
    answer_fini(&answer);
    return response;
}

enum MHD_Result respond(struct MHD_Connection *mhd, struct answer *answer) {
    if (answer->ready) {
        return MHD_queue_response(mhd, (unsigned)answer->status, answer->ready);
    }
    struct MHD_Response *response = response_new(answer);
    if (!response) {
        return MHD_NO;
    }
    enum MHD_Result result = MHD_queue_response(mhd, (unsigned)answer->status, response);
    MHD_destroy_response(response);
    return result;
}
