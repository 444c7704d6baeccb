/* See respond.h. */
#include "respond.h"

static const size_t piece_size = 32768;

/* The pattern depends on nothing but the position, so there is nothing to hand in. */
static ssize_t read_pattern(void *cls, uint64_t position, char *out, size_t room) {
    (void)cls;
    const struct answer pattern = {.size = UINT64_MAX};
    return (ssize_t)answer_read(&pattern, position, (uint8_t *)out, room);
}

static struct MHD_Response *make(struct answer *answer) {
    static char empty[1];
    if (answer->size == 0) {
        return MHD_create_response_from_buffer(0, empty, MHD_RESPMEM_PERSISTENT);
    }
    if (!answer->bytes) {
        return MHD_create_response_from_callback(answer->size, piece_size, read_pattern, NULL, NULL);
    }
    struct MHD_Response *response =
        MHD_create_response_from_buffer((size_t)answer->size, answer->bytes, MHD_RESPMEM_MUST_FREE);
    if (response) {
        answer->bytes = NULL;
    }
    return response;
}

enum MHD_Result respond(struct MHD_Connection *mhd, struct answer *answer) {
    struct MHD_Response *response = make(answer);
    if (!response) {
        return MHD_NO;
    }
    enum MHD_Result result = MHD_YES;
    for (size_t i = 0; result == MHD_YES && i < answer->field_count; i++) {
        result = MHD_add_response_header(response, answer->fields[i].name, answer->fields[i].value);
    }
    if (result == MHD_YES) {
        result = MHD_queue_response(mhd, (unsigned)answer->status, response);
    }
    MHD_destroy_response(response);
    return result;
}
