/* An attempt's line: index, kind, address, new or reused connection | bar | how long it took, outcome, why it ended.
 *
 * The bar's columns are slices of the call's time. Phases are painted in their order, each over at least one column,
 * the later over the earlier where both fall into one: what is as long as a column is seen, and all is to scale. */
#include "cli/timeline.h"
#include "cli/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NARROWEST_BAR = 10, WIDEST_BAR = 400, LABEL_ROOM = 128, WIDEST_ADDRESS = 64, SHORTEST_ADDRESS = 12 };

enum phase { PHASE_NONE, PHASE_WAIT, PHASE_CONNECT, PHASE_FIRST_BYTE, PHASE_RECEIVE, PHASES };

static const char *const ascii_cells[PHASES] = {" ", ".", "-", "=", "#"};
static const char *const utf8_cells[PHASES] = {" ", "\u00b7", "\u2591", "\u2592", "\u2588"};
static const char *const colours[PHASES] = {"", "\033[2m", "\033[34m", "\033[33m", "\033[32m"};
static const char *const legend[PHASES] = {"", "wait", "connect", "first byte", "receive"};

struct labels {
    char left[LABEL_ROOM];
    char right[LABEL_ROOM];
};

struct drawing {
    const struct account *account;
    struct timeline_style style;
    int64_t total_us;
    size_t bar;  /* columns */
    size_t left; /* columns before the bar */
    FILE *out;
};

static void put_coloured(const struct drawing *drawing, const char *colour, const char *text) {
    bool coloured = drawing->style.colour && colour[0] != '\0';
    fprintf(drawing->out, "%s%s%s", coloured ? colour : "", text, coloured ? "\033[0m" : "");
}

/* ---- labels ---------------------------------------------------------------------------------------------------- */

static const char *connection_text(const insist_attempt_record *record) {
    if (record->connection == 0) {
        return "none";
    }
    return record->reused ? "reused" : "new";
}

static int64_t begin_us(const insist_attempt_record *record) {
    int64_t begin = record->queued_us >= 0 ? record->queued_us : record->started_us;
    return begin >= 0 ? begin : 0;
}

static int64_t end_us(const insist_attempt_record *record) {
    int64_t begin = begin_us(record);
    return record->ended_us > begin ? record->ended_us : begin;
}

/* Out of the middle: what differs most is at the ends, a network and a port. */
static void shorten(char shown[WIDEST_ADDRESS + 1], const char *address, int width) {
    int len = (int)strnlen(address, LABEL_ROOM);
    int head = (width - 2) * 2 / 5;
    int tail = width - 2 - head;
    if (len <= width) {
        snprintf(shown, WIDEST_ADDRESS + 1, "%.*s", len, address);
    } else {
        snprintf(shown, WIDEST_ADDRESS + 1, "%.*s..%.*s", head, address, tail, address + len - tail);
    }
}

static void label(struct labels *labels, const insist_attempt_record *record, int address_width) {
    char address[WIDEST_ADDRESS + 1];
    shorten(address, record->address == NULL || record->address[0] == '\0' ? "-" : record->address, address_width);
    snprintf(labels->left, sizeof(labels->left), "#%u %-5s %-*s %-6s", record->index, insist_kind_name(record->kind),
             address_width, address, connection_text(record));

    char took[TEXT_DURATION];
    text_duration_us(took, end_us(record) - begin_us(record));
    if (record->error == INSIST_OK) {
        snprintf(labels->right, sizeof(labels->right), "%6s %d %s", took, record->status,
                 insist_why_ended_name(record->why_ended));
    } else if (record->sent == INSIST_ANSWERED) {
        snprintf(labels->right, sizeof(labels->right), "%6s %s %s", took, insist_err_name(record->error),
                 insist_why_ended_name(record->why_ended));
    } else {
        snprintf(labels->right, sizeof(labels->right), "%6s %s %s %s", took, insist_err_name(record->error),
                 insist_sent_name(record->sent), insist_why_ended_name(record->why_ended));
    }
}

static int widest_address(const struct account *account) {
    size_t widest = 1;
    for (size_t i = 0; i < account->attempt_count; i++) {
        const char *address = account->attempts[i].address;
        size_t len = address == NULL ? 0 : strlen(address);
        widest = len > widest ? len : widest;
    }
    return widest < WIDEST_ADDRESS ? (int)widest : WIDEST_ADDRESS;
}

static const char *outcome_colour(const insist_attempt_record *record) {
    if (record->why_ended == INSIST_ENDED_WON) {
        return "\033[32m";
    }
    return record->error == INSIST_OK ? "\033[33m" : "\033[31m";
}

/* ---- the bar --------------------------------------------------------------------------------------------------- */

static size_t column_of(const struct drawing *drawing, int64_t us) {
    if (us <= 0) {
        return 0;
    }
    double share = (double)us / (double)drawing->total_us;
    size_t column = share >= 1 ? drawing->bar : (size_t)(share * (double)drawing->bar);
    return column < drawing->bar ? column : drawing->bar - 1;
}

/* From the column that holds the beginning to the one that holds the last microsecond. */
static void paint(const struct drawing *drawing, unsigned char *cells, int64_t from_us, int64_t to_us,
                  enum phase phase) {
    size_t last = column_of(drawing, to_us > from_us ? to_us - 1 : from_us);
    for (size_t column = column_of(drawing, from_us); column <= last; column++) {
        cells[column] = (unsigned char)phase;
    }
}

static void paint_attempt(const struct drawing *drawing, unsigned char *cells, const insist_attempt_record *record) {
    int64_t begin = begin_us(record);
    int64_t end = end_us(record);
    int64_t sent = record->sent_us >= 0 ? record->sent_us : end;
    int64_t first_byte = record->first_byte_us >= 0 ? record->first_byte_us : end;

    memset(cells, PHASE_NONE, drawing->bar);
    if (record->wait_us > 0) {
        paint(drawing, cells, begin - record->wait_us, begin, PHASE_WAIT);
    }
    paint(drawing, cells, begin, sent, PHASE_CONNECT);
    if (record->sent_us >= 0) {
        paint(drawing, cells, sent, first_byte, PHASE_FIRST_BYTE);
    }
    if (record->first_byte_us >= 0) {
        paint(drawing, cells, first_byte, end, PHASE_RECEIVE);
    }
}

static void put_bar(const struct drawing *drawing, const unsigned char *cells) {
    const char *const *shapes = drawing->style.utf8 ? utf8_cells : ascii_cells;
    char run[4 * WIDEST_BAR + 1];
    fputc('|', drawing->out);
    for (size_t column = 0; column < drawing->bar;) {
        int phase = cells[column];
        char *end = run;
        for (; column < drawing->bar && cells[column] == phase; column++) {
            end = stpcpy(end, shapes[phase]);
        }
        put_coloured(drawing, colours[phase], run);
    }
    fputc('|', drawing->out);
}

/* ---- the whole ------------------------------------------------------------------------------------------------- */

/* How many columns the longest lines take beside the bar. */
static size_t taken(struct drawing *drawing, int address_width) {
    size_t right = 0;
    drawing->left = 0;
    for (size_t i = 0; i < drawing->account->attempt_count; i++) {
        struct labels labels = {.left = ""};
        label(&labels, &drawing->account->attempts[i], address_width);
        drawing->left = strlen(labels.left) > drawing->left ? strlen(labels.left) : drawing->left;
        right = strlen(labels.right) > right ? strlen(labels.right) : right;
    }
    return drawing->left + right + 4; /* a space before the bar, its two ends, a space behind it */
}

/* Columns for the addresses: they give way to the narrowest bar, until hardly anything is left of them. */
static int measure(struct drawing *drawing) {
    const struct account *account = drawing->account;
    size_t width = drawing->style.width;
    int address_width = widest_address(account);
    while (address_width > SHORTEST_ADDRESS && taken(drawing, address_width) + NARROWEST_BAR > width) {
        address_width--;
    }
    size_t beside = taken(drawing, address_width);
    size_t bar = width > beside + NARROWEST_BAR ? width - beside : NARROWEST_BAR;
    drawing->bar = bar < WIDEST_BAR ? bar : WIDEST_BAR;

    drawing->total_us = account->elapsed_us > 0 ? account->elapsed_us : 1;
    for (size_t i = 0; i < account->attempt_count; i++) {
        int64_t end = end_us(&account->attempts[i]);
        drawing->total_us = end > drawing->total_us ? end : drawing->total_us;
    }
    return address_width;
}

static void put_legend(const struct drawing *drawing) {
    const char *const *shapes = drawing->style.utf8 ? utf8_cells : ascii_cells;
    char total[TEXT_DURATION];
    char column[TEXT_DURATION];
    text_duration_us(total, drawing->total_us);
    text_duration_us(column, drawing->total_us / (int64_t)drawing->bar);
    fputs("  ", drawing->out);
    for (int phase = PHASE_WAIT; phase < PHASES; phase++) {
        put_coloured(drawing, colours[phase], shapes[phase]);
        fprintf(drawing->out, " %s  ", legend[phase]);
    }
    fprintf(drawing->out, "|%s in all, %s a column|\n", total, column);
}

static void put_attempt(const struct drawing *drawing, const insist_attempt_record *record, int address_width) {
    struct labels labels = {.left = ""};
    unsigned char cells[WIDEST_BAR];
    label(&labels, record, address_width);
    paint_attempt(drawing, cells, record);
    fprintf(drawing->out, "%-*s ", (int)drawing->left, labels.left);
    put_bar(drawing, cells);
    fputc(' ', drawing->out);
    put_coloured(drawing, outcome_colour(record), labels.right);
    fputc('\n', drawing->out);
}

char *timeline_of_account(const struct account *account, struct timeline_style style) {
    char *text = NULL;
    size_t len = 0;
    struct drawing drawing = {.account = account, .style = style, .out = open_memstream(&text, &len)};
    if (drawing.out == NULL) {
        return NULL;
    }
    int address_width = measure(&drawing);
    if (account->attempt_count > 0) {
        put_legend(&drawing);
    }
    for (size_t i = 0; i < account->attempt_count; i++) {
        put_attempt(&drawing, &account->attempts[i], address_width);
    }
    fprintf(drawing.out, "%s\n", account->explain);
    if (fclose(drawing.out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
