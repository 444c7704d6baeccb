/* Feeding a request's body from a reader. One that cannot be rewound is kept in memory while it is read, up to a limit: as long as all that was
 * read is kept, it can be sent again. */
#include "call/feed.h"
#include "base/body.h"
#include <stdatomic.h>
#include <string.h>

#define KEPT_BYTES ((uint64_t)1024 * 1024)

struct feed {
    /* fixed */
    const struct env *env;
    insist_reader reader;

    /* atomics */
    atomic_bool taken;

    /* own: the call that took it */
    struct body kept; /* of a reader that cannot be rewound: all that was read so far */
    bool all_kept;
    size_t at;         /* in what is kept */
    int64_t given;     /* since the beginning */
    bool reader_moved; /* read from since it was last rewound */
    bool reader_ended;
};

struct feed *feed_new(const struct env *env, const insist_reader *reader) {
    struct feed *feed = env_alloc(env, sizeof *feed);
    if (feed == NULL)
        return NULL;
    feed->env = env;
    feed->reader = *reader;
    feed->all_kept = reader->rewind == NULL;
    atomic_init(&feed->taken, false);
    body_init(&feed->kept, env, KEPT_BYTES);
    return feed;
}

void feed_free(struct feed *feed) {
    if (feed == NULL)
        return;
    if (feed->reader.close != NULL)
        feed->reader.close(feed->reader.ctx);
    body_fini(&feed->kept);
    env_release(feed->env, feed);
}

bool feed_take(struct feed *feed) {
    return !atomic_exchange(&feed->taken, true);
}

void feed_leave(struct feed *feed) {
    atomic_store(&feed->taken, false);
}

bool feed_can_restart(const struct feed *feed) {
    return feed->all_kept || feed->reader.rewind != NULL || !feed->reader_moved;
}

insist_err feed_restart(struct feed *feed) {
    feed->at = 0;
    feed->given = 0;
    if (feed->all_kept || !feed->reader_moved)
        return INSIST_OK;
    if (feed->reader.rewind == NULL || feed->reader.rewind(feed->reader.ctx) != 0)
        return INSIST_EBODY;
    feed->reader_moved = feed->reader_ended = false;
    return INSIST_OK;
}

/* What was kept, from where the last attempt left off. */
static size_t read_kept(struct feed *feed, void *buffer, size_t room) {
    size_t left = feed->kept.length - feed->at;
    size_t taken = left < room ? left : room;
    if (taken > 0)
        memcpy(buffer, body_text(&feed->kept) + feed->at, taken);
    feed->at += taken;
    return taken;
}

/* What goes beyond the limit, or finds no memory, is missing from what is kept: then nothing is kept any more, and the body can
 * be sent no second time, in another call neither. */
static insist_err keep(struct feed *feed, const void *data, size_t length) {
    if (!feed->all_kept)
        return INSIST_OK;
    insist_err err = body_append(&feed->kept, data, length);
    feed->all_kept = err == INSIST_OK;
    if (err != INSIST_OK)
        body_clear(&feed->kept);
    feed->at = feed->kept.length;
    return err == INSIST_ETOOLARGE ? INSIST_OK : err;
}

static insist_err read_more(struct feed *feed, void *buffer, size_t room, size_t *length) {
    if (feed->reader_ended)
        return INSIST_OK;
    feed->reader_moved = true;
    int64_t count = feed->reader.read(feed->reader.ctx, buffer, room);
    if (count < 0 || (uint64_t)count > room)
        return INSIST_EBODY;
    feed->reader_ended = count == 0;
    *length = (size_t)count;
    return keep(feed, buffer, *length);
}

insist_err feed_read(struct feed *feed, void *buffer, size_t room, size_t *length) {
    insist_err err = INSIST_OK;
    *length = feed->all_kept ? read_kept(feed, buffer, room) : 0;
    if (*length == 0)
        err = read_more(feed, buffer, room, length);
    feed->given += (int64_t)*length;
    bool short_of = *length == 0 && feed->reader.length >= 0 && feed->given != feed->reader.length;
    bool beyond = feed->reader.length >= 0 && feed->given > feed->reader.length;
    return err == INSIST_OK && (short_of || beyond) ? INSIST_EBODY : err;
}
