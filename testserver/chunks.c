/* See chunks.h. All chunks but the last are of one size, so that each begins where arithmetic says. */
#include "chunks.h"

#include <stdio.h>
#include <string.h>

enum { LINE_SIZE = 32 };

static size_t write_line(uint64_t size, char line[LINE_SIZE]) {
    return (size_t)snprintf(line, LINE_SIZE, "%llx\r\n", (unsigned long long)size);
}

static size_t line_size(uint64_t size) {
    char line[LINE_SIZE];
    return write_line(size, line);
}

uint64_t chunks_one(uint64_t size) {
    return size == 0 ? 0 : line_size(size) + size + 2;
}

uint64_t chunks_total(const struct chunks *chunks) {
    if (chunks->size == ENDLESS) {
        return ENDLESS;
    }
    return chunks->size / chunks->chunk * chunks_one(chunks->chunk) + chunks_one(chunks->size % chunks->chunk);
}

/* The size of chunk number `index`; 0 behind the last. */
static uint64_t size_of(const struct chunks *chunks, uint64_t index) {
    uint64_t full = chunks->size / chunks->chunk;
    if (index < full) {
        return chunks->chunk;
    }
    return index == full && chunks->size != ENDLESS ? chunks->size % chunks->chunk : 0;
}

uint64_t chunks_until(const struct chunks *chunks, uint64_t body) {
    if (body == 0) {
        return 0;
    }
    uint64_t before = (body - 1) / chunks->chunk; /* whole chunks before the one that the last byte lies in */
    return before * chunks_one(chunks->chunk) + line_size(size_of(chunks, before)) + body - before * chunks->chunk;
}

/* Copies from one chunk, from byte `within` of it on; how many. */
static size_t read_chunk(const struct chunks *chunks, const struct answer *answer, uint64_t index, uint64_t within,
                         uint8_t *out, size_t room) {
    char line[LINE_SIZE];
    uint64_t size = size_of(chunks, index);
    size_t head = write_line(size, line);
    if (size == 0) {
        return 0;
    }
    if (within < head) {
        size_t count = head - (size_t)within < room ? head - (size_t)within : room;
        memcpy(out, line + within, count);
        return count;
    }
    within -= head;
    if (within < size) {
        size_t count = size - within < room ? (size_t)(size - within) : room;
        return answer_read(answer, index * chunks->chunk + within, out, count);
    }
    out[0] = within == size ? '\r' : '\n';
    return 1;
}

size_t chunks_read(const struct chunks *chunks, const struct answer *answer, uint64_t position, uint8_t *out,
                   size_t room) {
    uint64_t a_chunk = chunks_one(chunks->chunk);
    size_t done = 0;
    while (a_chunk > 0 && done < room) {
        uint64_t at = position + done;
        size_t count = read_chunk(chunks, answer, at / a_chunk, at % a_chunk, out + done, room - done);
        if (count == 0) {
            break;
        }
        done += count;
    }
    return done;
}
