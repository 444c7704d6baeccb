/* How a client connects: TLS, proxies, addresses, connections, and limits for the stages of an attempt.
 *
 * Both structs are options of a client: they begin with their size, zero means the default, everything in them is
 * copied, and what makes no sense is refused, by its field's name, when the client is made.
 *
 * Since 0.1.0, all of it, unless a comment says otherwise. */
#ifndef INSIST_NETWORK_H
#define INSIST_NETWORK_H

#include <insist/policy.h>
#include <stddef.h>
#include <stdint.h>

INSIST_BEGIN_DECLS

/** The least version of TLS. */
typedef enum insist_tls_version {
    INSIST_TLS_1_2 = 0,
    INSIST_TLS_1_3,
    INSIST_TLS_VERSION_MAX = 0x7fffffff
} insist_tls_version;

/** TLS settings. Files are in PEM; one that is missing or cannot be read is refused. They are read again when
 *  connections are opened, and so have to stay as long as the client. */
typedef struct insist_tls_options {
    size_t size;
    const char *ca_file; /* the authorities to trust, and no others; default: the system's */
    bool insecure;       /* true: the server's certificate is not verified. Never in production */
    const char *ca_dir;  /* the same, one file each, named by `openssl rehash`; with ca_file both are trusted */
    const char *certificate_file; /* the client's own certificate, perhaps with its chain */
    const char *key_file;         /* its private key; default: certificate_file holds it, too */
    const char *key_password;     /* of the key; default: none */
    /* "sha256//" and the base64 of the SHA-256 of the server's public key (its SubjectPublicKeyInfo); several, parted
     * by a semicolon: one of them has to be the server's. It is checked with insecure, too. Else: INSIST_ECERT. */
    const char *pinned_key;
    insist_tls_version min_version; /* default: TLS 1.2 */
} insist_tls_options;

/** Which addresses are connected to. */
typedef enum insist_ip_version {
    INSIST_IP_ANY = 0,
    INSIST_IPV4,
    INSIST_IPV6,
    INSIST_IP_VERSION_MAX = 0x7fffffff
} insist_ip_version;

/** Network settings. Environment variables about proxies are never looked at. Durations: INSIST_FOREVER for no limit;
 *  negative ones are refused. Addresses with a zone (fe80::1%eth0) are refused, here and in URLs; one that a lookup
 *  finds is tried without its zone, which leads nowhere: the next one follows, or INSIST_ECONNECT. */
typedef struct insist_net_options {
    size_t size;
    /* http://[user:password@]host:port: https through a tunnel, http by request to it. socks5h://…: it resolves the
     * names. Its own name is resolved like any other; no user and no password is ever shown. */
    const char *proxy;
    /* Who is asked directly all the same, parted by commas: names, which stand for what ends with a dot and them, too,
     * and addresses as the URL has them; "*": everybody. Only with a proxy. */
    const char *no_proxy;
    const char *interface;   /* an interface's name, or the local address to connect from */
    const char *unix_socket; /* connects there, whatever the URL's host; each attempt has a connection of its own */
    /* "host:port:address[,address…]": these addresses instead of a lookup; host * for all names; IPv6 in brackets. */
    const char *const *resolve;
    size_t resolve_count;
    /* "host:port:host2:port2": connects to host2 instead; Host and certificate stay those of the URL. What is left
     * empty means any before, and the same behind. Not with a proxy. */
    const char *const *connect_to;
    size_t connect_to_count;
    insist_ip_version ip_version; /* addresses of the other kind are left out */
    int64_t idle_ms;              /* a connection that was idle for longer is not used again; default 118,000 */
    int64_t life_ms;              /* one that was opened longer ago is not used again; default: any age */
    /* TCP keep-alive: the first probe after idle, the next ones at that distance; whole seconds, rounded up, at most
     * 32,767. Default 60,000 and 15,000; keepalive_idle_ms INSIST_FOREVER: none. */
    int64_t keepalive_idle_ms;
    int64_t keepalive_every_ms;
    /* Limits inside an attempt, beside its timeout; one that breaks them ends with INSIST_ETIMEOUT. Default: none. */
    int64_t connect_timeout_ms;    /* until a connection is ready: lookup, connect and handshake; anew for a redirect */
    int64_t first_byte_timeout_ms; /* from the end of the request, or an interim answer, to the answer's first byte */
    /* While a body comes in or goes out, every stall_ms has to move stall_bytes_per_s (default 1) on average. Time in
     * which a handler, a sink or a reader keeps the transfer waiting does not count. */
    int64_t stall_ms;
    uint64_t stall_bytes_per_s;
} insist_net_options;

/** The way out: sets options of libcurl that have no name here (a list of ciphers, verbose output …).
 *  @param easy  the CURL * of a request that is about to start, perhaps used for others before: what was set then may
 *               still be. Nothing but curl_easy_setopt() may be called with it
 *  Called on a worker thread, on several at once, for every request (each attempt, address and redirect): it must be
 *  quick and must not call this library. What insist itself owns is set again afterwards: docs/options.md lists it.
 *  Credentials are among it (users, passwords, tokens, cookies, netrc, HTTPAUTH): they are unset, and belong into the
 *  plan. Everything else is also sent to another origin that a redirect leads to. */
typedef void insist_curl_setup_fn(void *easy, void *ctx);

/** All defaults. For languages without compound literals. Any thread. */
INSIST_API void insist_tls_options_init(insist_tls_options *options);
INSIST_API void insist_net_options_init(insist_net_options *options);

/** Options in place, for the fields tls and net of a client's: .tls = INSIST_TLS_OPTIONS(.ca_file = "ca.pem"). C
 *  only. */
#define INSIST_TLS_OPTIONS(...) (&(insist_tls_options){.size = sizeof(insist_tls_options), __VA_ARGS__})
#define INSIST_NET_OPTIONS(...) (&(insist_net_options){.size = sizeof(insist_net_options), __VA_ARGS__})

INSIST_END_DECLS

#endif
