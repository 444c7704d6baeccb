/* Texts of the form METHOD ' ' 'k' or 'b' TOKEN '\n' PATH: neither a method nor a header contains what ends it here, and
 * the path, which may contain anything, comes last. See identity.h. */
#include "identity.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

const char *identity_header(const insist_testserver_entry *entry, const char *name) {
    for (size_t i = 0; i < entry->field_count; i++) {
        if (strcasecmp(entry->fields[i].name, name) == 0) {
            return entry->fields[i].value;
        }
    }
    return NULL;
}

bool identity_make(const insist_testserver_entry *entry, char **out) {
    const char *key = identity_header(entry, "Idempotency-Key");
    bool by_key = key && *key;
    const char *token = by_key ? key : entry->body_sha256;
    *out = NULL;
    if (!token || !*token) {
        return true;
    }
    if (asprintf(out, "%s %c%s\n%s", entry->method, by_key ? 'k' : 'b', token, entry->path) < 0) {
        *out = NULL;
        return false;
    }
    return true;
}

struct identity identity_split(const char *text) {
    struct identity identity = {.method = text, .method_length = strcspn(text, " ")};
    identity.by_key = text[identity.method_length + 1] == 'k';
    identity.token = text + identity.method_length + 2;
    identity.token_length = strcspn(identity.token, "\n");
    identity.path = identity.token + identity.token_length + 1;
    return identity;
}
