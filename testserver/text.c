/* See text.h. */
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void http_date_write(int64_t wall_s, char out[HTTP_DATE_SIZE]) {
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    time_t seconds = (time_t)wall_s;
    struct tm parts;
    if (!gmtime_r(&seconds, &parts)) {
        memset(&parts, 0, sizeof parts);
    }
    snprintf(out, HTTP_DATE_SIZE, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", days[parts.tm_wday], parts.tm_mday,
             months[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum target_code decode(const char *text, size_t length, char **out) {
    char *decoded = malloc(length + 1);
    if (!decoded) {
        return TARGET_NO_MEMORY;
    }
    size_t size = 0;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c == '%') {
            bool whole = length - i >= 3;
            int high = whole ? hex_value(text[i + 1]) : -1;
            int low = whole ? hex_value(text[i + 2]) : -1;
            if (high < 0 || low < 0 || (high == 0 && low == 0)) {
                free(decoded);
                return TARGET_BAD;
            }
            c = (char)(high * 16 + low);
            i += 2;
        }
        decoded[size++] = c;
    }
    decoded[size] = '\0';
    *out = decoded;
    return TARGET_OK;
}

/* The absolute form, as sent to proxies, without its beginning. */
static const char *without_origin(const char *raw) {
    const char *origin = raw[0] == '/' ? NULL : strstr(raw, "://");
    const char *path = origin ? strchr(origin + 3, '/') : NULL;
    return path ? path : raw;
}

bool target_init(struct target *target, const char *raw) {
    memset(target, 0, sizeof *target);
    target->raw = strdup(without_origin(raw));
    if (!target->raw) {
        return false;
    }
    size_t length = strcspn(target->raw, "?");
    target->query = target->raw + length + (target->raw[length] == '?');
    target->bad = decode(target->raw, length, &target->path) == TARGET_BAD;
    if (target->bad) {
        target->path = strndup(target->raw, length);
    }
    if (!target->path) {
        target_fini(target);
        return false;
    }
    return true;
}

void target_fini(struct target *target) {
    free(target->raw);
    free(target->path);
    memset(target, 0, sizeof *target);
}

enum target_code target_parameter(const struct target *target, const char *name, char **value) {
    size_t name_length = strlen(name);
    *value = NULL;
    for (const char *at = target->query; *at;) {
        size_t length = strcspn(at, "&");
        if (length > name_length && at[name_length] == '=' && strncmp(at, name, name_length) == 0) {
            return decode(at + name_length + 1, length - name_length - 1, value);
        }
        at += length + (at[length] == '&');
    }
    return TARGET_OK;
}
