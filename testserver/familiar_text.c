/* Reading a request's parameters and writing the texts of a script. See familiar_rows.h. */
#include "familiar_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *familiar_parameter(struct familiar *familiar, const char *name) {
    char *value = NULL;
    if (familiar->parameter_count == FAMILIAR_PARAMETERS ||
        target_parameter(&familiar->exchange->target, name, &value) == TARGET_NO_MEMORY) {
        familiar->no_memory = true;
        return NULL;
    }
    if (value) {
        familiar->parameters[familiar->parameter_count++] = value;
    }
    return value;
}

const char *familiar_header(const struct familiar *familiar, const char *name) {
    return exchange_header(familiar->exchange, name);
}

bool familiar_number(const char *text, uint64_t high, uint64_t *out) {
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value > high) {
        return false;
    }
    *out = value;
    return true;
}

bool familiar_parameter_number(struct familiar *familiar, const char *name, uint64_t high, uint64_t *out) {
    const char *text = familiar_parameter(familiar, name);
    return !text || familiar_number(text, high, out);
}

bool familiar_is_decimal(const char *text) {
    size_t whole = strspn(text, "0123456789");
    const char *rest = text + whole;
    size_t fraction = *rest == '.' ? strspn(rest + 1, "0123456789") : 0;
    return whole > 0 && (*rest == '\0' || (fraction > 0 && rest[1 + fraction] == '\0'));
}

void familiar_quote(struct familiar *familiar, const char *bytes, size_t size) {
    fputc('"', familiar->out);
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c == '"' || c == '\\' || c < 0x20) {
            fprintf(familiar->out, "\\x%02x", c);
        } else {
            fputc(c, familiar->out);
        }
    }
    fputc('"', familiar->out);
}

void familiar_put_json(struct familiar *familiar, json_t *json) {
    char *text = json ? json_dumps(json, JSON_INDENT(2) | JSON_SORT_KEYS) : NULL;
    json_decref(json);
    if (!text) {
        familiar->no_memory = true;
        return;
    }
    size_t length = strlen(text);
    text[length] = '\n'; /* in its NUL's place: what is written is counted */
    fputs(";type=application/json;body=", familiar->out);
    familiar_quote(familiar, text, length + 1);
    free(text);
}
