/* What names and values of header fields may be, and when two names are the same. ASCII alone, whatever the locale.
 * Pure. */
#include "base/headers.h"

#include <string.h>

static unsigned char lower(unsigned char c) {
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c - 'A' + 'a') : c;
}

bool headers_same_name(const char *a, const char *b) {
    const unsigned char *left = (const unsigned char *)a, *right = (const unsigned char *)b;
    while (*left && lower(*left) == lower(*right)) {
        left++;
        right++;
    }
    return lower(*left) == lower(*right);
}

static bool is_token_character(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

bool headers_valid_token(const char *text) {
    if (!text || *text == '\0')
        return false;
    while (is_token_character(*text))
        text++;
    return *text == '\0';
}

bool headers_valid_value(const char *text) {
    const unsigned char delete = 0x7f;
    if (!text)
        return false;
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if ((*c < ' ' && *c != '\t') || *c == delete)
            return false;
    return true;
}
