/* Three bytes become four digits; what is missing in the last group is written as =. Pure. */
#include "base/base64.h"

#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

insist_err base64_append(struct body *out, const void *data, size_t length) {
    const unsigned char *bytes = data;
    insist_err err = INSIST_OK;
    for (size_t at = 0; at < length && err == INSIST_OK; at += 3) {
        size_t left = length - at;
        unsigned group = (unsigned)bytes[at] << 16;
        if (left > 1)
            group |= (unsigned)bytes[at + 1] << 8;
        if (left > 2)
            group |= bytes[at + 2];
        const char text[4] = {digits[group >> 18], digits[group >> 12 & 63], left > 1 ? digits[group >> 6 & 63] : '=',
                              left > 2 ? digits[group & 63] : '='};
        err = body_append(out, text, sizeof(text));
    }
    return err;
}

bool base64_is_of(const char *text, size_t length, size_t bytes) {
    size_t padding = (3 - bytes % 3) % 3;
    if (length != (bytes + 2) / 3 * 4)
        return false;
    for (size_t i = 0; i < length; i++) {
        bool fits = i < length - padding ? text[i] != '\0' && strchr(digits, text[i]) != NULL : text[i] == '=';
        if (!fits)
            return false;
    }
    return true;
}
