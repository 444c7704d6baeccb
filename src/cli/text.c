#include "cli/text.h"
#include <insist/policy.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

void text_duration_us(char text[TEXT_DURATION], int64_t us) {
    double ms = (double)us / 1000;
    if (us == INSIST_FOREVER) {
        snprintf(text, TEXT_DURATION, "forever");
    } else if (us >= 600000000) {
        snprintf(text, TEXT_DURATION, "%.0fm", ms / 60000);
    } else if (us >= 10000000) {
        snprintf(text, TEXT_DURATION, "%.1fs", ms / 1000);
    } else if (us >= 1000000) {
        snprintf(text, TEXT_DURATION, "%.2fs", ms / 1000);
    } else if (us >= 100000) {
        snprintf(text, TEXT_DURATION, "%.0fms", ms);
    } else {
        snprintf(text, TEXT_DURATION, us >= 1000 ? "%.1fms" : "%.2fms", ms);
    }
}

void text_duration_ms(char text[TEXT_DURATION], int64_t ms) {
    text_duration_us(text, ms > INT64_MAX / 1000 ? INSIST_FOREVER : ms * 1000);
}

size_t text_url_secret(const char *url, size_t *offset) {
    const char *slashes = strstr(url, "//");
    const char *start = slashes == NULL ? url : slashes + 2;
    const char *at = memrchr(start, '@', strcspn(start, "/?#"));
    *offset = (size_t)(start - url);
    return at == NULL ? 0 : (size_t)(at - start) + 1;
}

bool text_header_is_secret(const char *name, size_t len) {
    static const char *const secrets[] = {"Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie"};
    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        if (strlen(secrets[i]) == len && strncasecmp(secrets[i], name, len) == 0) {
            return true;
        }
    }
    return false;
}
