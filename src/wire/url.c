/* URLs, on libcurl's parser, so that what is checked here is what libcurl later uses. In: text. Out: an immutable
 * struct url, or one sentence that says why not. Any thread, no lock; after construction nothing writes to the handle.
 *
 * Names beyond ASCII are refused: libcurl converts them by the process's locale, which a daemon often does not set. */
#include "wire/url.h"

#include "base/base64.h"
#include "base/body.h"
#include "base/problem.h"
#include "wire/authority.h"
#include <arpa/inet.h>
#include <curl/curl.h>
#include <string.h>
#include <strings.h>

#define LENGTH_MAX ((size_t)64 * 1024)

/* What keeps a text from being a URL for us: an error and its sentence; INSIST_OK: nothing. */
struct flaw {
    insist_err err;
    const char *sentence;
};

static const struct flaw no_flaw = {INSIST_OK, ""};
static const struct flaw no_memory = {INSIST_ENOMEM, "out of memory"};

static struct flaw flaw(const char *sentence) {
    return (struct flaw){INSIST_EURL, sentence};
}

static struct flaw flaw_of(CURLUcode code) {
    switch (code) {
    case CURLUE_OK: return no_flaw;
    case CURLUE_OUT_OF_MEMORY: return no_memory;
    case CURLUE_BAD_PORT_NUMBER: return flaw("the port must be a number from 1 to 65535");
    case CURLUE_BAD_SCHEME:
    case CURLUE_UNSUPPORTED_SCHEME: return flaw("it must begin with http:// or https://");
    case CURLUE_BAD_SLASHES: return flaw("two slashes must stand between the scheme and the host");
    case CURLUE_NO_HOST: return flaw("it has no host");
    case CURLUE_BAD_IPV6: return flaw("what stands in brackets is not an IPv6 address");
    case CURLUE_BAD_HOSTNAME: return flaw("the host has a character that no host name can have");
    case CURLUE_URLDECODE: return flaw("the user or the password has a control character");
    case CURLUE_BAD_LOGIN:
    case CURLUE_BAD_USER:
    case CURLUE_BAD_PASSWORD: return flaw("the user or the password cannot be read");
    default: return flaw("it cannot be read as a URL");
    }
}

static bool is_control(char c) {
    return (unsigned char)c < 0x20 || c == 0x7f;
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static struct flaw check_characters(const char *text, bool blanks_allowed) {
    size_t length = strnlen(text, LENGTH_MAX + 1);
    if (length == 0)
        return flaw("it is empty");
    if (length > LENGTH_MAX)
        return flaw("it is longer than 65536 bytes");
    for (const char *c = text; *c != '\0'; c++) {
        if (is_control(*c))
            return flaw("it has a control character");
        if (*c == ' ' && !blanks_allowed)
            return flaw("it has a blank: write %20");
    }
    return no_flaw;
}

/* Behind "scheme:", or NULL when the text has no scheme. */
static const char *behind_scheme(const char *text) {
    const char *end = text;
    if (!is_letter(*text))
        return NULL;
    while (is_letter(*end) || is_digit(*end) || *end == '+' || *end == '-' || *end == '.')
        end++;
    return *end == ':' ? end + 1 : NULL;
}

/* libcurl forgives one slash, or three, and takes what follows for the host. */
static struct flaw check_slashes(const char *text) {
    const char *rest = behind_scheme(text);
    if (!rest)
        return no_flaw;
    if (strncmp(rest, "//", 2) != 0)
        return flaw_of(CURLUE_BAD_SLASHES);
    return rest[2] == '/' ? flaw_of(CURLUE_NO_HOST) : no_flaw;
}

static struct flaw check_absolute(const char *text) {
    bool http = strncasecmp(text, "http:", 5) == 0 || strncasecmp(text, "https:", 6) == 0;
    if (!http)
        return flaw_of(CURLUE_UNSUPPORTED_SCHEME);
    return check_slashes(text);
}

/* libcurl writes addresses in their usual form, unless percent signs kept it from seeing that they are some: "5%2e7" would be
 * shown and counted as 5.7, and connected to as 5.0.0.7. */
static bool is_unusual_address(const char *host) {
    struct in_addr address;
    char usual[INET_ADDRSTRLEN];
    return inet_aton(host, &address) && strcmp(inet_ntop(AF_INET, &address, usual, sizeof(usual)), host) != 0;
}

static struct flaw check_name(const char *host) {
    const char *sentence = authority_flaw_of_name(host);
    if (!sentence && is_unusual_address(host))
        sentence = "the host is an address that is not written as four numbers";
    return sentence ? flaw(sentence) : no_flaw;
}

static void to_lower_case(char *text) {
    for (; *text != '\0'; text++)
        if (*text >= 'A' && *text <= 'Z')
            *text = (char)(*text - 'A' + 'a');
}

/* Takes a part that may be absent: *out is NULL then. curl_free() frees it. */
static struct flaw take_part(CURLU *handle, CURLUPart part, unsigned flags, char **out) {
    *out = NULL;
    CURLUcode code = curl_url_get(handle, part, out, flags);
    bool absent =
        code == CURLUE_NO_USER || code == CURLUE_NO_PASSWORD || code == CURLUE_NO_PORT || code == CURLUE_NO_ZONEID;
    return absent ? no_flaw : flaw_of(code);
}

static struct flaw settle_scheme(struct url *url) {
    char *scheme;
    struct flaw found = take_part(url->handle, CURLUPART_SCHEME, 0, &scheme);
    if (found.err != INSIST_OK)
        return found;
    url->https = strcmp(scheme, "https") == 0;
    bool known = url->https || strcmp(scheme, "http") == 0;
    curl_free(scheme);
    return known ? no_flaw : flaw_of(CURLUE_UNSUPPORTED_SCHEME);
}

static struct flaw settle_port(struct url *url) {
    char *text;
    unsigned usual = url->https ? 443 : 80;
    struct flaw found = take_part(url->handle, CURLUPART_PORT, CURLU_DEFAULT_PORT, &text);
    if (found.err != INSIST_OK)
        return found;
    for (const char *digit = text; digit && is_digit(*digit); digit++)
        url->port = url->port * 10 + (unsigned)(*digit - '0'); /* libcurl has seen to its size */
    curl_free(text);
    if (url->port == 0 || url->port > 65535)
        return flaw_of(CURLUE_BAD_PORT_NUMBER);
    return flaw_of(url->port == usual ? curl_url_set(url->handle, CURLUPART_PORT, NULL, 0) : CURLUE_OK);
}

static struct flaw settle_zone(struct url *url) {
    char *zone;
    struct flaw found = take_part(url->handle, CURLUPART_ZONEID, 0, &zone);
    if (zone)
        found = flaw("an IPv6 address with a zone is not supported");
    curl_free(zone);
    return found;
}

/* The host in lower case, in the handle and in the fields made of it. */
static struct flaw settle_host(struct url *url) {
    char *host;
    struct flaw found = take_part(url->handle, CURLUPART_HOST, 0, &host);
    if (found.err == INSIST_OK && host[0] != '[')
        found = check_name(host);
    if (found.err == INSIST_OK) {
        to_lower_case(host);
        found = flaw_of(curl_url_set(url->handle, CURLUPART_HOST, host, 0));
    }
    if (found.err == INSIST_OK) {
        struct body origin;
        size_t length;
        body_init(&origin, url->env, UINT64_MAX);
        body_append_format(&origin, "%s://%s:%u", url->https ? "https" : "http", host, url->port);
        url->origin = origin.data ? body_take(&origin, &length) : NULL;
        url->host =
            host[0] == '[' ? env_copy_bytes(url->env, host + 1, strlen(host) - 2) : env_copy_text(url->env, host);
        found = url->origin && url->host ? no_flaw : no_memory;
    }
    curl_free(host);
    return found;
}

/* RFC 7617 section 2: the user cannot have a colon. */
static struct flaw make_authorization(struct url *url, const char *user, const char *password) {
    struct body pair, field;
    size_t length;
    if (strchr(user, ':'))
        return flaw("the user has a colon, which HTTP cannot carry");
    if (user[0] == '\0' && password[0] == '\0')
        return no_flaw;
    body_init(&pair, url->env, UINT64_MAX);
    body_init(&field, url->env, UINT64_MAX);
    bool made = body_append_format(&pair, "%s:%s", user, password) == INSIST_OK &&
                body_append_text(&field, "Basic ") == INSIST_OK &&
                base64_append(&field, pair.data, pair.length) == INSIST_OK;
    if (made)
        url->authorization = body_take(&field, &length);
    body_fini(&pair);
    body_fini(&field);
    return made ? no_flaw : no_memory;
}

static struct flaw settle_user(struct url *url) {
    char *user = NULL, *password = NULL;
    struct flaw found = take_part(url->handle, CURLUPART_USER, CURLU_URLDECODE, &user);
    if (found.err == INSIST_OK)
        found = take_part(url->handle, CURLUPART_PASSWORD, CURLU_URLDECODE, &password);
    if (found.err == INSIST_OK)
        found = make_authorization(url, user ? user : "", password ? password : "");
    curl_free(user);
    curl_free(password);
    return found;
}

/* Behind the host comes a slash always. */
static const char *find_target(const struct url *url) {
    const char *path = strchr(url->text + strlen(url->https ? "https://" : "http://"), '/');
    return path && strchr(path, '?') ? path : NULL;
}

static struct flaw settle_text(struct url *url) {
    static const CURLUPart hidden[] = {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_FRAGMENT};
    char *text;
    struct flaw found = no_flaw;
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]) && found.err == INSIST_OK; i++)
        found = flaw_of(curl_url_set(url->handle, hidden[i], NULL, 0));
    if (found.err != INSIST_OK)
        return found;
    found = take_part(url->handle, CURLUPART_URL, 0, &text);
    if (found.err != INSIST_OK)
        return found;
    url->text = env_copy_text(url->env, text);
    curl_free(text);
    url->target = url->text ? find_target(url) : NULL;
    return url->text ? no_flaw : no_memory;
}

static struct flaw settle(struct url *url) {
    static struct flaw (*const steps[])(struct url *) = {settle_scheme, settle_port, settle_zone, settle_host,
                                                         settle_text};
    struct flaw found = no_flaw;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && found.err == INSIST_OK; i++)
        found = steps[i](url);
    return found;
}

/* from: what a relative text is relative to; NULL: the text must be absolute. */
static struct flaw parse(struct url *url, CURLU *from, const char *text, unsigned flags) {
    url->handle = from ? curl_url_dup(from) : curl_url();
    if (!url->handle)
        return no_memory;
    struct flaw found = flaw_of(curl_url_set(url->handle, CURLUPART_URL, text, flags));
    if (found.err == INSIST_OK && !from) /* what a redirect carries of them is dropped unread */
        found = settle_user(url);
    return found.err == INSIST_OK ? settle(url) : found;
}

static struct flaw make(const struct env *env, CURLU *from, const char *text, unsigned flags, struct url **out) {
    struct url *url = env_alloc(env, sizeof(*url));
    if (!url)
        return no_memory;
    url->env = env;
    struct flaw found = parse(url, from, text, flags);
    if (found.err == INSIST_OK)
        *out = url;
    else
        url_free(url);
    return found;
}

insist_err url_new(const struct env *env, const char *text, insist_problem *problem, struct url **out) {
    *out = NULL;
    struct flaw found = text ? check_characters(text, false) : flaw("it is missing");
    if (found.err == INSIST_OK)
        found = check_absolute(text);
    if (found.err == INSIST_OK)
        found = make(env, NULL, text, CURLU_URLENCODE, out);
    return found.err == INSIST_OK ? INSIST_OK : problem_set(problem, found.err, "url", "%s", found.sentence);
}

insist_err url_follow(const struct url *base, const char *location, struct url **out, const char **sentence) {
    *out = NULL;
    struct flaw found = location ? check_characters(location, true) : flaw("it is missing");
    if (found.err == INSIST_OK)
        found = behind_scheme(location) ? check_absolute(location) : no_flaw;
    if (found.err == INSIST_OK) {
        /* Only a fragment: the same document, where libcurl's parser would lose the last part of the path. */
        const char *target = location[0] == '#' ? base->text : location;
        found = make(base->env, base->handle, target, CURLU_URLENCODE | CURLU_ALLOW_SPACE, out);
    }
    *sentence = found.err == INSIST_OK ? NULL : found.sentence;
    return found.err == INSIST_EURL ? INSIST_EREDIRECT : found.err;
}

void url_free(struct url *url) {
    if (!url)
        return;
    curl_url_cleanup(url->handle);
    env_release(url->env, url->text);
    env_release(url->env, url->origin);
    env_release(url->env, url->host);
    env_release(url->env, url->authorization);
    env_release(url->env, url);
}
