/* Options of libcurl's easy handles. In: settings, a job, the hop it is at and an address. Out: a handle ready to be
 * added. What is the same for every request is set once; what a request may change is set for each. Whoever drives
 * the reactor. */
#include "wire/transfer.h"

#include "base/time_math.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define HEADER_LINE_BYTES (128L * 1024)
#define NO_TIMEOUT_MS ((long)INT_MAX) /* ours rule; 0 would mean libcurl's five minutes */

/* Collects failures, so that one look at the end is enough. */
#define SET(easy, option, value) (failed |= curl_easy_setopt(easy, option, value) != CURLE_OK)

static bool set_callbacks(struct transfer *transfer) {
    CURL *easy = transfer->easy;
    bool failed = false;
    SET(easy, CURLOPT_PRIVATE, transfer);
    SET(easy, CURLOPT_ERRORBUFFER, transfer->detail);
    SET(easy, CURLOPT_PREREQFUNCTION, guard_request);
    SET(easy, CURLOPT_PREREQDATA, transfer);
    SET(easy, CURLOPT_OPENSOCKETFUNCTION, guard_open_socket);
    SET(easy, CURLOPT_OPENSOCKETDATA, transfer);
    SET(easy, CURLOPT_CLOSESOCKETFUNCTION, guard_close_socket);
    SET(easy, CURLOPT_CLOSESOCKETDATA, transfer->transport); /* a connection outlives its transfer */
    SET(easy, CURLOPT_HEADER, transfer->transport->looks_at_lines_first ? 1L : 0L);
    SET(easy, CURLOPT_HEADERFUNCTION, receive_header);
    SET(easy, CURLOPT_HEADERDATA, transfer);
    SET(easy, CURLOPT_WRITEFUNCTION, receive_body);
    SET(easy, CURLOPT_WRITEDATA, transfer);
    SET(easy, CURLOPT_READFUNCTION, send_bytes);
    SET(easy, CURLOPT_READDATA, transfer);
    SET(easy, CURLOPT_SEEKFUNCTION, send_refuse_to_seek);
    return !failed;
}

static bool set_network(CURL *easy) {
    bool failed = false;
    SET(easy, CURLOPT_NOSIGNAL, 1L);
    SET(easy, CURLOPT_QUICK_EXIT, 1L);
    SET(easy, CURLOPT_PROXY, ""); /* and not the environment's */
    SET(easy, CURLOPT_NOPROXY, "*");
    SET(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    SET(easy, CURLOPT_FOLLOWLOCATION, 0L);
    SET(easy, CURLOPT_HTTP09_ALLOWED, 0L);
    SET(easy, CURLOPT_CONNECTTIMEOUT_MS, NO_TIMEOUT_MS);
    return !failed;
}

/* Whole seconds are all that libcurl knows; the guards look more closely. 0 is left for "never". */
static long whole_seconds(int64_t ns) {
    int64_t seconds = ns / 1000000000 + (ns % 1000000000 != 0);
    return seconds > INT32_MAX ? INT32_MAX : (long)seconds;
}

static bool set_from_network(CURL *easy, const struct network *network) {
    bool failed = false;
    SET(easy, CURLOPT_TCP_KEEPALIVE, network->keepalive_idle_s > 0 ? 1L : 0L);
    SET(easy, CURLOPT_TCP_KEEPIDLE, network->keepalive_idle_s);
    SET(easy, CURLOPT_TCP_KEEPINTVL, network->keepalive_every_s);
    SET(easy, CURLOPT_MAXLIFETIME_CONN, network->life_ns == TIME_NEVER ? 0L : whole_seconds(network->life_ns));
    SET(easy, CURLOPT_INTERFACE, network->interface);
    SET(easy, CURLOPT_UNIX_SOCKET_PATH, network->unix_socket);
    return !failed;
}

/* Who names authorities trusts those alone: libcurl's defaults, one file and one directory, are unset together. */
static bool set_tls(CURL *easy, const struct wire_settings *settings, const struct network *network) {
    long verify = settings->insecure ? 0L : 1L;
    bool failed = false;
    SET(easy, CURLOPT_SSLVERSION, (long)(network->tls_1_3 ? CURL_SSLVERSION_TLSv1_3 : CURL_SSLVERSION_TLSv1_2));
    SET(easy, CURLOPT_SSL_VERIFYPEER, verify);
    SET(easy, CURLOPT_SSL_VERIFYHOST, verify * 2);
    if (settings->ca_file || network->ca_dir) {
        SET(easy, CURLOPT_CAINFO, settings->ca_file);
        SET(easy, CURLOPT_CAPATH, network->ca_dir);
    }
    if (network->certificate_file) {
        SET(easy, CURLOPT_SSLCERT, network->certificate_file);
        SET(easy, CURLOPT_SSLKEY, network->key_file);
        SET(easy, CURLOPT_KEYPASSWD, network->key_password);
    }
    if (network->pinned_key)
        SET(easy, CURLOPT_PINNEDPUBLICKEY, network->pinned_key);
    return !failed;
}

/* Of the header block of an HTTP/2 answer libcurl 7.88 reads one buffer, and comes back for the rest at the next event,
 * which may never be. So what is allowed has to fit, and the line that is too much: at most 64 KiB a name or value.
 * What may go to a sink is handed over a buffer at a time: it gets the largest, whatever came before. */
static long receive_bytes(const struct transfer *transfer) {
    const struct wire_settings *settings = transfer->transport->settings;
    if (!settings->http2)
        return transfer->job->pauses_at_headers
                   ? SIZES_MOST_BYTES
                   : sizes_buffer(&transfer->transport->sizes, transfer->place, transfer->transport->busy_count);
    uint64_t most = CURL_MAX_READ_SIZE - HEADER_LINE_BYTES;
    return (long)(settings->max_header_bytes < most ? settings->max_header_bytes : most) + HEADER_LINE_BYTES;
}

/* A proxy that is asked for a tunnel sees none of the request's headers (lines.c). */
static bool set_for_proxy(CURL *easy, const struct wire_settings *settings, const struct network *network) {
    bool failed = false;
    if (network->proxy && settings->user_agent[0])
        SET(easy, CURLOPT_USERAGENT, settings->user_agent);
    return !failed;
}

/* NOSIGNAL comes first: a handle without it touches the process's action for SIGPIPE even when it is freed. */
static bool set_up(struct transfer *transfer) {
    const struct transport_curl *transport = transfer->transport;
    CURL *easy = transfer->easy;
    return set_network(easy) && set_callbacks(transfer) && set_from_network(easy, transport->network) &&
           set_for_proxy(easy, transport->settings, transport->network) &&
           set_tls(easy, transport->settings, transport->network);
}

void easy_free(struct transfer *transfer, CURL *easy) {
    if (transfer->holds && easy)
        rinse(&transfer->transport->rinser, easy);
    curl_easy_cleanup(easy);
}

/* One that there was is kept if there is no other. */
bool easy_renew(struct transfer *transfer) {
    CURL *old = transfer->easy;
    transfer->easy = curl_easy_init();
    if (!transfer->easy || !set_up(transfer)) {
        curl_easy_cleanup(transfer->easy);
        transfer->easy = old;
        return false;
    }
    easy_free(transfer, old);
    transfer->spoilt = transfer->holds = false;
    return true;
}

/* What is never set here, but would break what is when a user sets it. */
static bool unset_others(CURL *easy) {
    bool failed = false;
    SET(easy, CURLOPT_TIMEOUT_MS, 0L);
    SET(easy, CURLOPT_LOW_SPEED_LIMIT, 0L);
    SET(easy, CURLOPT_LOW_SPEED_TIME, 0L);
    SET(easy, CURLOPT_ACCEPT_ENCODING, NULL);
    SET(easy, CURLOPT_FAILONERROR, 0L);
    SET(easy, CURLOPT_CONNECT_ONLY, 0L);
    SET(easy, CURLOPT_SHARE, NULL);
    SET(easy, CURLOPT_PORT, 0L);
    SET(easy, CURLOPT_RESOLVE, NULL);
    SET(easy, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)0);
    SET(easy, CURLOPT_IGNORE_CONTENT_LENGTH, 0L);
    SET(easy, CURLOPT_NOPROGRESS, 1L);
    return !failed;
}

/* Credentials are the plan's, which takes none to another origin and sends each request once: libcurl, to which every hop is
 * a request of its own, would send them along, and with some of its ways to authenticate a first request without its body.
 * An option that this libcurl was built without was not set either. */
static bool unset_credentials(CURL *easy) {
    static const CURLoption texts[] = {CURLOPT_USERNAME,       CURLOPT_PASSWORD,         CURLOPT_LOGIN_OPTIONS,
                                       CURLOPT_XOAUTH2_BEARER, CURLOPT_AWS_SIGV4,        CURLOPT_COOKIE,
                                       CURLOPT_COOKIEFILE,     CURLOPT_TLSAUTH_USERNAME, CURLOPT_TLSAUTH_PASSWORD};
    bool failed = false;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        curl_easy_setopt(easy, texts[i], (char *)NULL);
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC); /* libcurl's default, and the proxy's as well */
    SET(easy, CURLOPT_PROXYAUTH, (long)CURLAUTH_BASIC);
    return !failed;
}

/* libcurl goes on without the query when it has no memory to copy it, and would send another request. With a target of ours
 * it looks whether it could. What a proxy is asked for without a tunnel is the whole URL, and there it looks, too. */
static bool set_target(struct transfer *transfer) {
    const struct url *url = transfer->hop.url;
    const char *proxy = transfer->transport->network->proxy;
    bool whole = transfer->route.proxied && !url->https && strncasecmp(proxy, "http:", 5) == 0;
    bool failed = false;
    SET(transfer->easy, CURLOPT_REQUEST_TARGET, whole ? NULL : url->target);
    return !failed;
}

/* The user's turn comes first, and what is ours is set again. */
static bool let_user_set_up(struct transfer *transfer) {
    const struct wire_settings *settings = transfer->transport->settings;
    if (!settings->curl_setup)
        return true;
    settings->curl_setup(transfer->easy, settings->curl_setup_ctx);
    return unset_others(transfer->easy) && unset_credentials(transfer->easy) && set_up(transfer);
}

/* A request with a body, be it empty, is a POST to libcurl, one whose body is read while it is sent is an upload,
 * and one without is a GET, whatever its method is called. */
static bool set_method(struct transfer *transfer) {
    const struct request *request = transfer->job->request;
    const struct hop *hop = &transfer->hop;
    CURL *easy = transfer->easy;
    const char *usual = "GET";
    bool has_body = request->has_body && !hop->turned;
    bool failed = false;
    SET(easy, CURLOPT_UPLOAD, 0L);
    if (strcmp(hop->method, "HEAD") == 0) {
        usual = "HEAD";
        SET(easy, CURLOPT_NOBODY, 1L);
    } else if (has_body && request->body_is_read) {
        usual = "PUT";
        send_begin(transfer);
        SET(easy, CURLOPT_NOBODY, 0L);
        SET(easy, CURLOPT_UPLOAD, 1L);
        SET(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->read_length);
    } else if (lines_announce_a_body(request, hop)) {
        usual = "POST";
        SET(easy, CURLOPT_POST, 1L);
        SET(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(has_body ? request->body_length : 0));
        SET(easy, CURLOPT_POSTFIELDS, has_body && request->body_length > 0 ? request->body : "");
    } else {
        SET(easy, CURLOPT_HTTPGET, 1L);
    }
    SET(easy, CURLOPT_CUSTOMREQUEST, strcmp(hop->method, usual) == 0 ? NULL : hop->method);
    return !failed;
}

/* Over HTTP/2 a connection is shared, also by who waits until it has been made, but not with an attempt of the same
 * call: who has one on its reactor takes a connection of its own for each request, and who may get one meanwhile
 * does not wait. */
static bool set_connection(struct transfer *transfer) {
    const struct wire_settings *settings = transfer->transport->settings;
    const struct job *job = transfer->job;
    CURL *easy = transfer->easy;
    int64_t idle_ns = transfer->transport->network->idle_ns;
    int64_t unsafe_ns = time_scale(settings->idle_unsafe_s, 1000000000);
    bool http2 = settings->http2 && transfer->hop.url->https;
    bool none_idle = !job->may_repeat && settings->idle_unsafe_s == 0;
    bool closes = job->request->closes || transfer->route.local;
    bool fresh = transfer->fresh || none_idle || closes || (http2 && atomic_load(&job->apart));
    bool failed = false;
    SET(easy, CURLOPT_HTTP_VERSION, (long)(http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
    SET(easy, CURLOPT_FRESH_CONNECT, fresh ? 1L : 0L);
    SET(easy, CURLOPT_PIPEWAIT, http2 && !job->races ? 1L : 0L);
    SET(easy, CURLOPT_FORBID_REUSE, closes || settings->max_connections == 0 ? 1L : 0L);
    SET(easy, CURLOPT_MAXAGE_CONN,
        whole_seconds(job->may_repeat || none_idle ? idle_ns : time_min(idle_ns, unsafe_ns)));
    return !failed;
}

/* For the record of the attempt. */
static void note_place(struct transfer *transfer) {
    struct progress *progress = &transfer->job->progress;
    size_t size = sizeof(progress->address);
    if (transfer->route.local)
        snprintf(progress->address, size, "%.*s", (int)size - 1, transfer->transport->network->unix_socket);
    else
        address_format(progress->address, size, address_walk_text(&transfer->walk), transfer->route.port);
}

/* What libcurl takes for a pin: to a place with CONNECT_TO, which would make it ask a proxy for a tunnel, so with RESOLVE
 * for the proxy's name. */
static void write_pin(struct transfer *transfer) {
    const struct route *route = &transfer->route;
    const char *address = address_walk_text(&transfer->walk);
    char *text = transfer->pinned_text;
    size_t size = sizeof(transfer->pinned_text);
    if (route->proxied) {
        snprintf(text, size, strchr(address, ':') ? "%s:%u:[%s]" : "%s:%u:%s", route->host, route->port, address);
    } else {
        text[0] = text[1] = ':';
        address_format(text + 2, size - 2, address, route->port);
    }
    transfer->pinned = (struct curl_slist){.data = text};
}

static bool set_place(struct transfer *transfer) {
    const struct network *network = transfer->transport->network;
    const struct route *route = &transfer->route;
    bool pins_proxy = route->proxied && !address_is_literal(route->host);
    CURL *easy = transfer->easy;
    bool failed = false;
    if (!route->local)
        write_pin(transfer);
    note_place(transfer);
    SET(easy, CURLOPT_CONNECT_TO, route->local || route->proxied ? NULL : &transfer->pinned);
    if (network->proxy) {
        SET(easy, CURLOPT_PROXY, route->proxied ? network->proxy : "");
        SET(easy, CURLOPT_NOPROXY, route->proxied ? "" : "*");
        SET(easy, CURLOPT_RESOLVE, pins_proxy ? &transfer->pinned : NULL);
    }
    return !failed;
}

insist_err easy_prepare(struct transfer *transfer) {
    const struct job *job = transfer->job;
    CURL *easy = transfer->easy;
    bool failed = false;
    insist_err err =
        lines_make(&transfer->lines, job->request, &job->own_headers, &transfer->hop, transfer->transport->settings);
    if (err != INSIST_OK)
        return err;
    transfer->detail[0] = '\0';
    failed |= !set_target(transfer) || !let_user_set_up(transfer);
    /* Refused while libcurl still has the buffer of a request that it never began: then that is used. */
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, receive_bytes(transfer));
    SET(easy, CURLOPT_CURLU, transfer->hop.url->handle);
    SET(easy, CURLOPT_HTTPHEADER, transfer->lines.first);
    failed |= !set_method(transfer) || !set_connection(transfer) || !set_place(transfer);
    return failed ? INSIST_ENOMEM : INSIST_OK;
}
