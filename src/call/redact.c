/* What is shown of a URL. What may be secret is left out or replaced by a mask whose length tells nothing. */
#include "call/redact.h"
#include <string.h>

#define MASK "xxxxx"

static int hex(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The byte at *at, which moves on behind it: "%6B" is k, and + is a blank. */
static char next_byte(const char **at, const char *end) {
    const char *here = *at;
    if (*here == '%' && end - here > 2 && hex(here[1]) >= 0 && hex(here[2]) >= 0) {
        *at = here + 3;
        return (char)(hex(here[1]) * 16 + hex(here[2]));
    }
    *at = here + 1;
    return *here == '+' ? ' ' : *here;
}

static bool is_key(const char *name, const char *end, const char *key) {
    while (name < end && *key != '\0')
        if (lower(next_byte(&name, end)) != lower(*key++))
            return false;
    return name == end && *key == '\0';
}

static bool is_hidden(const char *name, const char *end, const struct headers *hidden) {
    for (size_t i = 0; hidden != NULL && i < headers_count(hidden); i++)
        if (is_key(name, end, headers_name_at(hidden, i)))
            return true;
    return false;
}

/* One name=value at the query's front, which moves on behind it. A semicolon ends a parameter for some servers only: where the value is hidden, what follows may still be a part of it. */
static insist_err append_parameter(struct body *text, const char **query, const char *end,
                                   const struct headers *hidden) {
    const char *from = *query;
    const char *stop = from + strcspn(from, "&;#");
    const char *value = memchr(from, '=', (size_t)(stop - from));
    if (value == NULL || !is_hidden(from, value, hidden)) {
        *query = stop;
        return body_append(text, from, (size_t)(stop - from));
    }
    const char *next = memchr(value, '&', (size_t)(end - value));
    *query = next != NULL ? next : end;
    insist_err err = body_append(text, from, (size_t)(value - from) + 1);
    return err != INSIST_OK ? err : body_append_text(text, MASK);
}

static insist_err append_query(struct body *text, const char *query, const char *end, const struct headers *hidden) {
    insist_err err = INSIST_OK;
    while (err == INSIST_OK && query < end) {
        err = append_parameter(text, &query, end, hidden);
        if (err == INSIST_OK && query < end)
            err = body_append(text, query++, 1);
    }
    return err;
}

/* Behind the user and password, if there are any. */
static const char *skip_user(const char *authority) {
    const char *end = authority + strcspn(authority, "/?#");
    while (end > authority && end[-1] != '@')
        end--;
    return end;
}

insist_err redact_url(struct body *text, const char *url, const struct headers *hidden) {
    if (url[strcspn(url, "@?#")] == '\0') /* most have nothing to hide */
        return body_append_text(text, url);
    const char *end = url + strcspn(url, "#");
    const char *scheme = strstr(url, "://");
    if (scheme != NULL && scheme < end) {
        insist_err err = body_append(text, url, (size_t)(scheme + 3 - url));
        if (err != INSIST_OK)
            return err;
        url = skip_user(scheme + 3);
    }
    const char *query = memchr(url, '?', (size_t)(end - url));
    if (query == NULL || hidden == NULL || headers_count(hidden) == 0)
        return body_append(text, url, (size_t)(end - url));
    insist_err err = body_append(text, url, (size_t)(query + 1 - url));
    return err != INSIST_OK ? err : append_query(text, query + 1, end, hidden);
}
