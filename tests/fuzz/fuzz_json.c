/* Any record of a call as JSON: method NUL url NUL explanation NUL, numbers, then attempts. It is one line of ASCII or UTF-8, it
 * is read back by a strict parser, and what is read is what went in; of bytes that are no UTF-8 those beyond ASCII are question
 * marks. The test server's texts, which know no question marks, likewise. */
#include "fuzz.h"
#include "input.h"
#include "cli/json.h"
#include "testserver/json_text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { ATTEMPTS = 20 };

/* RFC 3629, by its table of bytes. */
static bool is_utf8(const char *text) {
    const unsigned char *at = (const unsigned char *)text;
    while (*at != '\0') {
        unsigned more = *at < 0x80 ? 0 : *at >= 0xc2 && *at <= 0xdf ? 1 : (*at & 0xf0) == 0xe0 ? 2 : 3;
        if ((*at >= 0x80 && *at < 0xc2) || *at > 0xf4) {
            return false;
        }
        bool too_low = (*at == 0xe0 && at[1] < 0xa0) || (*at == 0xf0 && at[1] < 0x90);
        bool too_high = (*at == 0xed && at[1] > 0x9f) || (*at == 0xf4 && at[1] > 0x8f);
        if (more > 0 && (too_low || too_high)) {
            return false;
        }
        for (at++; more > 0; more--, at++) {
            if ((*at & 0xc0) != 0x80) {
                return false;
            }
        }
    }
    return true;
}

static void check_text(const json_t *object, const char *key, const char *given) {
    const char *read = json_string_value(json_object_get(object, key));
    must(read != NULL && strlen(read) == json_string_length(json_object_get(object, key)), "a text is a text");
    if (is_utf8(given)) {
        must(strcmp(read, given) == 0, "a text is read as it was");
        return;
    }
    must(strlen(read) == strlen(given), "of other bytes none is lost");
    for (size_t i = 0; given[i] != '\0'; i++) {
        must(read[i] == ((unsigned char)given[i] < 0x80 ? given[i] : '?'), "and those beyond ASCII are question marks");
    }
}

static void check_number(const json_t *object, const char *key, json_int_t given) {
    const json_t *read = json_object_get(object, key);
    must(json_is_integer(read) && json_integer_value(read) == given, "a number is read as it was");
}

static void check_time(const json_t *object, const char *key, int64_t us) {
    if (us < 0) {
        must(json_is_null(json_object_get(object, key)), "what never happened has no time");
    } else {
        check_number(object, key, us);
    }
}

static void check_attempt(const json_t *object, const insist_attempt_record *record) {
    check_number(object, "index", record->index);
    check_number(object, "wave", record->wave);
    check_text(object, "kind", insist_kind_name(record->kind));
    check_number(object, "reactor", record->reactor);
    check_number(object, "connection", record->connection);
    must(json_is_boolean(json_object_get(object, "reused")), "reused is yes or no");
    check_text(object, "address", record->address);
    check_time(object, "queued_us", record->queued_us);
    check_time(object, "started_us", record->started_us);
    check_time(object, "connected_us", record->connected_us);
    check_time(object, "sent_us", record->sent_us);
    check_time(object, "first_byte_us", record->first_byte_us);
    check_time(object, "ended_us", record->ended_us);
    check_number(object, "status", record->status);
    check_text(object, "error", insist_err_name(record->error));
    check_number(object, "errno", record->os_errno);
    check_text(object, "sent", insist_sent_name(record->sent));
    check_text(object, "why_started", insist_why_started_name(record->why_started));
    check_number(object, "wait_us", record->wait_us);
    check_text(object, "why_ended", insist_why_ended_name(record->why_ended));
    check_number(object, "bytes", (json_int_t)record->bytes);
}

static void check_line(const char *line) {
    size_t length = strlen(line);
    must(length > 2 && line[length - 1] == '\n' && strchr(line, '\n') == line + length - 1, "it is one line");
    for (const unsigned char *c = (const unsigned char *)line; c < (const unsigned char *)line + length - 1; c++) {
        must(*c >= ' ', "without control characters");
    }
}

static void check_account(const struct account *account) {
    char *line = json_of_account(account);
    must(line != NULL, "every call can be written");
    check_line(line);
    json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    must(json_is_object(object), "it is an object, as a strict parser says");
    check_text(object, "url", account->url);
    check_text(object, "method", account->method);
    check_text(object, "explain", account->explain);
    check_number(object, "status", account->status);
    check_text(object, "error", insist_err_name(account->error));
    check_text(object, "reason", insist_reason_name(account->reason));
    check_number(object, "elapsed_us", account->elapsed_us);
    const json_t *attempts = json_object_get(object, "attempts");
    must(json_array_size(attempts) == account->attempt_count, "every attempt is in it");
    for (size_t i = 0; i < account->attempt_count; i++) {
        check_attempt(json_array_get(attempts, i), &account->attempts[i]);
    }
    json_decref(object);
    free(line);
}

static bool is_latin_1(const char *utf8, const char *bytes) {
    const unsigned char *at = (const unsigned char *)utf8;
    for (const unsigned char *byte = (const unsigned char *)bytes; *byte != '\0'; byte++, at++) {
        unsigned character = *at;
        if (*at >= 0xc2) {
            character = (*at & 0x1fu) << 6 | (at[1] & 0x3fu);
            at++;
        }
        if (character != *byte) {
            return false;
        }
    }
    return *at == '\0';
}

/* Latin-1 where it is no UTF-8. */
static void check_server_text(const char *given) {
    json_t *written = json_text(given);
    must(written != NULL, "every text can be written");
    char *dump = json_dumps(written, JSON_ENCODE_ANY);
    json_t *read = dump == NULL ? NULL : json_loads(dump, JSON_DECODE_ANY, NULL);
    must(read != NULL && json_equal(read, written), "and is read as it was");
    if (is_utf8(given)) {
        must(strcmp(json_string_value(read), given) == 0, "UTF-8 is left alone");
    } else {
        must(is_latin_1(json_string_value(read), given), "every other byte is the character of that number");
    }
    json_decref(written);
    json_decref(read);
    free(dump);
}

static int small(struct input *input) { /* numbers of names, most of them known */
    uint8_t byte = input_byte(input);
    return byte < 250 ? byte % 40 : (int)(uint32_t)input_number(input);
}

static void read_attempt(insist_attempt_record *record, char *address, struct input *input) {
    *record = (insist_attempt_record){
        .index = (unsigned)small(input),
        .wave = (unsigned)small(input),
        .kind = (insist_kind)small(input),
        .reactor = small(input),
        .connection = (unsigned)small(input),
        .reused = input_byte(input) % 2 == 1,
        .queued_us = (int64_t)input_number(input),
        .started_us = (int64_t)input_number(input),
        .connected_us = (int64_t)input_number(input),
        .sent_us = (int64_t)input_number(input),
        .first_byte_us = (int64_t)input_number(input),
        .ended_us = (int64_t)input_number(input),
        .bytes = input_number(input) >> 1,
        .status = small(input),
        .error = (insist_err)small(input),
        .os_errno = small(input),
        .sent = (insist_sent)small(input),
        .why_started = (insist_why_started)small(input),
        .wait_us = (int64_t)input_number(input),
        .why_ended = (insist_why_ended)small(input),
    };
    record->address = address;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input input = {data, size};
    insist_attempt_record records[ATTEMPTS];
    char *addresses[ATTEMPTS];
    char *method = input_text(&input);
    char *url = input_text(&input);
    char *explain = input_text(&input);
    struct account account = {.method = method, .url = url, .explain = explain, .attempts = records};
    account.status = small(&input);
    account.error = (insist_err)small(&input);
    account.reason = (insist_reason)small(&input);
    account.racing = (insist_racing)small(&input);
    account.elapsed_us = (int64_t)input_number(&input);
    while (input.left > 0 && account.attempt_count < ATTEMPTS) {
        char *address = addresses[account.attempt_count] = input_text(&input);
        read_attempt(&records[account.attempt_count++], address, &input);
    }

    check_account(&account);
    check_server_text(explain);
    for (size_t i = 0; i < account.attempt_count; i++) {
        free(addresses[i]);
    }
    free(method);
    free(url);
    free(explain);
    return 0;
}
