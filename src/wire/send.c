/* A request's body that is read while it is sent. In: pieces that the call has filled. Out: bytes for libcurl, or a
 * pause until the next piece is there. Whoever drives the reactor. */
#include "wire/transfer.h"

#include "wire/mailbox.h"
#include <string.h>

/* While a piece is lent it is the call's: what comes back then belongs to the request before, and is dropped. */
void send_begin(struct transfer *transfer) {
    struct job *job = transfer->job;
    transfer->upload_outdated = transfer->upload_lent;
    if (transfer->upload_lent)
        return;
    job->upload.length = job->upload.used = 0;
    job->upload.restart = true;
    job->upload.ended = false;
}

void send_fed(struct transfer *transfer) {
    transfer->upload_lent = false;
    if (transfer->upload_outdated)
        send_begin(transfer);
}

static void lend(struct transfer *transfer) {
    transfer->upload_lent = true;
    mailbox_post(transfer->job->mailbox, transfer->job, NEWS_ROOM);
}

size_t send_bytes(char *buffer, size_t size, size_t count, void *data) {
    struct transfer *transfer = data;
    struct job *job = transfer->job;
    if (job->upload.bytes == NULL) /* nobody asked for this body to be read */
        return CURL_READFUNC_ABORT;
    if (transfer->upload_lent)
        return CURL_READFUNC_PAUSE;
    size_t left = job->upload.length - job->upload.used;
    if (left == 0 && job->upload.ended)
        return 0;
    if (left == 0) {
        lend(transfer);
        return CURL_READFUNC_PAUSE;
    }
    size_t taken = left < size * count ? left : size * count;
    memcpy(buffer, job->upload.bytes + job->upload.used, taken);
    job->upload.used += taken;
    return taken;
}

/* libcurl would rewind to send again by itself, which it must not. */
int send_refuse_to_seek(void *data, curl_off_t offset, int origin) {
    (void)data;
    (void)offset;
    (void)origin;
    return CURL_SEEKFUNC_CANTSEEK;
}
