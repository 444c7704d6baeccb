/* Any headers of a plan and of an attempt as the lines that libcurl is given, before and behind a redirect: a letter of flags, then
 * fields: a letter (odd: the attempt's own), name NUL value NUL. No line ends early, none goes abroad that must not, the attempt's
 * own stand in place of the plan's, and what the library decides is left to it. */
#include "fuzz.h"
#include "input.h"
#include "wire/lines.h"

#include <stdlib.h>
#include <string.h>

/* What the first byte says. */
enum { ABROAD = 1, TURNED = 2, DECODE = 4, CLOSES = 8, USER = 16, BODY = 32, AGENT = 64 };

struct name {
    const char *start;
    size_t length;
};

/* Of a line, which is "Name: value", "Name;" or "Name:". */
static struct name name_of(const char *line) {
    return (struct name){line, strcspn(line, ":;")};
}

static bool is_named(const char *line, const char *name) {
    struct name found = name_of(line);
    char *copy = strndup(found.start, found.length);
    must(copy != NULL, "there is memory");
    bool same = headers_same_name(copy, name);
    free(copy);
    return same;
}

static size_t lines_named(const struct lines *lines, const char *name) {
    size_t count = 0;
    for (const struct curl_slist *line = lines->first; line != NULL; line = line->next) {
        count += is_named(line->data, name);
    }
    return count;
}

static size_t fields_named(const struct headers *headers, const char *name) {
    size_t count = 0;
    for (size_t i = 0; i < headers_count(headers); i++) {
        count += headers_same_name(headers_name_at(headers, i), name);
    }
    return count;
}

static void check_line(const char *line) {
    struct name name = name_of(line);
    const char *rest = line + name.length;
    must(strpbrk(line, "\r\n") == NULL, "a line does not end early");
    must(name.length > 0 && memchr(name.start, ' ', name.length) == NULL, "it has a name");
    must(strcmp(rest, ":") == 0 || strcmp(rest, ";") == 0 ||
             (strncmp(rest, ": ", 2) == 0 && rest[2 + strspn(rest + 2, " \t")] != '\0'),
         "and is written in one of libcurl's three ways");
}

static bool has_value(const char *line) {
    return line[strcspn(line, ":;")] == ';' || line[strlen(line) - 1] != ':' || strchr(line, ' ') != NULL;
}

/* What lines_make() adds by itself tells nothing. */
static bool is_added(const char *name) {
    return headers_same_name(name, "Connection") || headers_same_name(name, "Accept-Encoding") ||
           headers_same_name(name, "User-Agent");
}

static void check_abroad(const struct lines *lines, const struct request *request) {
    for (const struct curl_slist *line = lines->first; line != NULL; line = line->next) {
        must(!is_named(line->data, "Authorization") && !is_named(line->data, "Cookie") && !is_named(line->data, "Host") &&
                 !is_named(line->data, "Proxy-Authorization"),
             "no credential goes abroad");
        for (size_t i = 0; i < headers_count(&request->sensitive); i++) {
            const char *secret = headers_name_at(&request->sensitive, i);
            must(!is_named(line->data, secret) || !has_value(line->data) || is_added(secret), "nor what is marked");
        }
    }
}

/* What was asked for is there, once for each field. */
static void check_complete(const struct lines *lines, const struct headers *plan, const struct headers *own) {
    for (size_t i = 0; i < headers_count(plan); i++) {
        const char *name = headers_name_at(plan, i);
        size_t wanted = fields_named(own, name) > 0 ? fields_named(own, name) : fields_named(plan, name);
        bool libraries = headers_same_name(name, "Content-Length");
        bool more = headers_same_name(name, "Connection");
        must(libraries || more || lines_named(lines, name) == wanted, "the attempt's own stand in place of the plan's");
    }
    must(lines_named(lines, "Content-Length") == 0, "the length is libcurl's");
}

static void check_lines(const struct request *request, const struct headers *own, unsigned flags) {
    struct lines lines;
    const struct wire_settings settings = {.decode = flags & DECODE, .user_agent = flags & AGENT ? "fuzz" : ""};
    struct hop hop = {.url = request->url, .method = flags & BODY ? "POST" : "GET", .abroad = flags & ABROAD, .turned = flags & TURNED};
    lines_init(&lines, &env_standard);
    for (unsigned round = 0; round < 2; round++) { /* the second time in used memory */
        must(lines_make(&lines, request, own, &hop, &settings) == INSIST_OK, "there is memory");
        for (const struct curl_slist *line = lines.first; line != NULL; line = line->next) {
            check_line(line->data);
        }
        if (flags & ABROAD) {
            check_abroad(&lines, request);
        } else if (!(flags & TURNED)) {
            check_complete(&lines, &request->headers, own);
        }
    }
    lines_fini(&lines);
}

/* A field that a plan would have taken. */
static void read_field(struct request *request, struct headers *own, struct input *input) {
    uint8_t which = input_byte(input);
    char *name = input_text(input);
    char *value = input_text(input);
    struct headers *to = which % 4 == 3 ? &request->sensitive : which % 2 == 1 ? own : &request->headers;
    if (headers_valid_token(name) && headers_valid_value(value)) {
        must(headers_add(to, name, value) == INSIST_OK, "there is memory");
    }
    free(name);
    free(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct input input = {data, size};
    unsigned flags = input_byte(&input);
    char authorization[] = "Basic dXNlcjpwYXNz";
    struct url url = {.authorization = flags & USER ? authorization : NULL};
    struct request request = {.url = &url, .method = "POST", .closes = flags & CLOSES};
    struct headers own;
    headers_init(&own, &env_standard);
    headers_init(&request.headers, &env_standard);
    headers_init(&request.sensitive, &env_standard);
    while (input.left > 0 && headers_count(&own) + headers_count(&request.headers) < 50) {
        read_field(&request, &own, &input);
    }
    check_lines(&request, &own, flags);
    headers_fini(&own);
    headers_fini(&request.headers);
    headers_fini(&request.sensitive);
    return 0;
}
