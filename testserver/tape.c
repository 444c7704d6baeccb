/* See tape.h. */
#include "tape.h"

#include "fault.h"
#include "head.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t default_chunk = 4096;

/* ---- laying it out ---------------------------------------------------------------------------------------------- */

static void add(struct tape *tape, struct stretch stretch) {
    if (stretch.size > 0) {
        tape->stretches[tape->count++] = stretch;
    }
}

static void add_text(struct tape *tape, const char *text, size_t size) {
    add(tape, (struct stretch){.kind = STRETCH_TEXT, .text = text, .text_size = size, .size = size});
}

static uint64_t times(uint64_t count, uint64_t size) {
    return count == ENDLESS ? ENDLESS : count * size;
}

static void begin_body(struct tape *tape) {
    tape->body_begins = tape->count;
}

/* Leaves only the first `limit` bytes of the stretches from `first` on. */
static void cut_from(struct tape *tape, size_t first, uint64_t limit) {
    for (size_t i = first; i < tape->count; i++) {
        struct stretch *stretch = &tape->stretches[i];
        stretch->size = stretch->size < limit ? stretch->size : limit;
        limit -= stretch->size;
    }
}

/* Half of the header block, or the N bytes that the script says, but never all of it. */
static void cut_head(struct tape *tape, size_t first) {
    uint64_t whole = 0;
    for (size_t i = first; i < tape->count; i++) {
        uint64_t size = tape->stretches[i].size;
        whole = size == ENDLESS || whole == ENDLESS ? ENDLESS : whole + size;
    }
    uint64_t limit = tape->answer->cut_given ? tape->answer->cut : whole / 2;
    cut_from(tape, first, limit < whole ? limit : whole - 1);
}

static void lay_head(struct tape *tape) {
    const struct manner *manner = tape->manner;
    bool lf = (manner->given & MANNER_LF) != 0;
    size_t first = tape->count;
    add_text(tape, tape->head.at, tape->head.size);
    add(tape, (struct stretch){.kind = STRETCH_FILLERS, .size = times(manner->fillers, FILLER_SIZE)});
    if (!(manner->given & MANNER_NO_BLANK_LINE)) {
        add_text(tape, lf ? "\n" : "\r\n", lf ? 1 : 2);
    }
    if (fault_cuts_headers(tape->answer->fault)) {
        cut_head(tape, first);
    }
}

static void lay_trailers(struct tape *tape) {
    add_text(tape, "0\r\n", 3);
    add_text(tape, tape->manner->trailers.at, tape->manner->trailers.size);
    add(tape, (struct stretch){.kind = STRETCH_FILLERS, .size = times(tape->manner->trailer_fillers, FILLER_SIZE)});
    add_text(tape, "\r\n", 2);
}

static void lay_chunks(struct tape *tape) {
    const struct answer *answer = tape->answer;
    const struct manner *manner = tape->manner;
    struct chunks *chunks = &tape->chunks;
    chunks->size = manner->bad_chunk ? answer->limit : answer->size;
    chunks->chunk = manner->chunk ? manner->chunk : default_chunk;
    if (manner->chunk == 0 && manner->body_pace.parts == 1) { /* each drop is a chunk */
        chunks->chunk = manner->body_pace.bytes;
        tape->body_pace.bytes = chunks_one(chunks->chunk);
    }
    bool cut = fault_cuts_body(answer->fault) && !manner->bad_chunk;
    uint64_t size = cut ? chunks_until(chunks, answer->limit) : chunks_total(chunks);
    add(tape, (struct stretch){.kind = STRETCH_CHUNKS, .size = size});
    if (manner->bad_chunk) {
        add_text(tape, manner->bad_chunk, strlen(manner->bad_chunk));
    } else if (!cut) {
        lay_trailers(tape);
    }
}

static void lay_body(struct tape *tape) {
    const struct answer *answer = tape->answer;
    if (answer->head_only || answer->status == 204 || answer->status == 304) {
        return;
    }
    if (answer->chunked) {
        lay_chunks(tape);
    } else {
        add(tape, (struct stretch){.kind = STRETCH_BODY, .size = answer->limit});
    }
}

static void lay(struct tape *tape) {
    const struct answer *answer = tape->answer;
    const struct manner *manner = tape->manner;
    uint64_t interims = times(manner->interim_count, tape->interim.size);
    add(tape, (struct stretch){STRETCH_TEXT, tape->interim.at, tape->interim.size, interims});
    if (answer->fault == INSIST_TESTSERVER_RAW) {
        begin_body(tape);
        add_text(tape, manner->raw.at, manner->raw.size);
    } else if (answer->fault == INSIST_TESTSERVER_GARBAGE) {
        begin_body(tape);
        add(tape, (struct stretch){.kind = STRETCH_GARBAGE, .size = answer->cut});
    } else if (tape->head.size > 0) {
        lay_head(tape);
        begin_body(tape);
        if (!fault_cuts_headers(answer->fault)) {
            lay_body(tape);
        }
    } else {
        begin_body(tape);
    }
}

bool tape_init(struct tape *tape, const struct answer *answer, const struct manner *manner, int64_t wall_s) {
    memset(tape, 0, sizeof *tape);
    tape->answer = answer;
    tape->manner = manner;
    tape->body_pace = manner->body_pace;
    if (manner->interim_count > 0 && !head_write_interim(manner->interim_status, &tape->interim)) {
        return false;
    }
    bool answers = !fault_answers_nothing(answer->fault) && !tape_hands_over(tape);
    if (answers && !head_write(answer, manner, wall_s, &tape->head)) {
        return false;
    }
    lay(tape);
    return true;
}

void tape_fini(struct tape *tape) {
    free(tape->interim.at);
    free(tape->head.at);
    memset(tape, 0, sizeof *tape);
}

/* ---- reading it ------------------------------------------------------------------------------------------------- */

static void repeat_text(const struct stretch *stretch, uint64_t position, uint8_t *out, size_t count) {
    for (size_t done = 0; done < count;) {
        size_t within = (size_t)((position + done) % stretch->text_size);
        size_t left = stretch->text_size - within;
        size_t take = left < count - done ? left : count - done;
        memcpy(out + done, stretch->text + within, take);
        done += take;
    }
}

static void repeat_fillers(uint64_t position, bool lf, uint8_t *out, size_t count) {
    char line[FILLER_SIZE];
    for (size_t done = 0; done < count;) {
        uint64_t at = position + done;
        size_t within = (size_t)(at % FILLER_SIZE);
        size_t take = FILLER_SIZE - within < count - done ? FILLER_SIZE - within : count - done;
        head_write_filler(at / FILLER_SIZE, lf, line);
        memcpy(out + done, line + within, take);
        done += take;
    }
}

/* Bytes of every kind, the same each time; the first two are those of no protocol. */
static void write_garbage(uint64_t position, uint8_t *out, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint64_t x = (position + i + 1) * UINT64_C(0x9e3779b97f4a7c15);
        out[i] = position + i < 2 ? 0xff : (uint8_t)(x >> 56 ^ x >> 24);
    }
}

/* Copies `count` bytes, which the stretch still has; how many there were. */
static size_t read_stretch(const struct tape *tape, const struct stretch *stretch, uint8_t *out, size_t count) {
    switch (stretch->kind) {
    case STRETCH_TEXT: repeat_text(stretch, tape->position, out, count); return count;
    case STRETCH_FILLERS: repeat_fillers(tape->position, tape->manner->given & MANNER_LF, out, count); return count;
    case STRETCH_BODY: return answer_read(tape->answer, tape->position, out, count);
    case STRETCH_CHUNKS: return chunks_read(&tape->chunks, tape->answer, tape->position, out, count);
    case STRETCH_GARBAGE: write_garbage(tape->position, out, count); return count;
    }
    return 0;
}

size_t tape_read(struct tape *tape, uint8_t *out, size_t room) {
    size_t done = 0;
    bool in_body = tape_in_body(tape);
    while (done < room && tape->index < tape->count && tape_in_body(tape) == in_body) {
        const struct stretch *stretch = &tape->stretches[tape->index];
        uint64_t left = stretch->size - tape->position;
        size_t wanted = left < room - done ? (size_t)left : room - done;
        size_t count = read_stretch(tape, stretch, out + done, wanted);
        done += count;
        tape->position += count;
        if (tape->position == stretch->size || count == 0) {
            tape->index++;
            tape->position = 0;
        }
    }
    return done;
}

bool tape_in_body(const struct tape *tape) {
    return tape->index >= tape->body_begins;
}

bool tape_at_end(const struct tape *tape) {
    return tape->index >= tape->count;
}

bool tape_hands_over(const struct tape *tape) {
    return tape->answer->fault == INSIST_TESTSERVER_NO_FAULT && manner_is_plain(tape->manner) &&
           !tape->answer->long_head;
}
