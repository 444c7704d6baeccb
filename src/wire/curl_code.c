/* The table of libcurl's result codes. In: a CURLcode, the connection's errno, libcurl's sentence. Out: our error
 * and what kind of passing trouble it is. Pure; any thread. */
#include "wire/curl_code.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>

/* Where a code comes up, hence what an errno beside it means. */
enum stage {
    ELSEWHERE, /* errno says nothing about it */
    CONNECTING,
    HANDSHAKE,
    TRANSFER, /* sending or receiving failed */
    ENDED     /* the peer said or did something; only a timeout tells more */
};

struct row {
    insist_err err;
    insist_transience transience; /* without an errno */
    enum stage stage;
};

/* clang-format off */

/* Codes of other protocols cannot come up; should one do, the answer was not HTTP. */
#define OF_ANOTHER_PROTOCOL {INSIST_EPROTO, INSIST_NOT_TRANSIENT, ELSEWHERE}
#define NO_LONGER_USED      {INSIST_EPROTO, INSIST_NOT_TRANSIENT, ELSEWHERE}

static const struct row rows[] = {
    /* HTTP/0.9, or a version nobody knows */
    [CURLE_UNSUPPORTED_PROTOCOL] = {INSIST_EPROTO, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_FAILED_INIT] = {INSIST_ESYSTEM, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_URL_MALFORMAT] = {INSIST_EURL, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_NOT_BUILT_IN] = {INSIST_EINVAL, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_COULDNT_RESOLVE_PROXY] = {INSIST_ERESOLVE, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_COULDNT_RESOLVE_HOST] = {INSIST_ERESOLVE, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_COULDNT_CONNECT] = {INSIST_ECONNECT, INSIST_NOT_TRANSIENT, CONNECTING},
    [CURLE_WEIRD_SERVER_REPLY] = {INSIST_EPROTO, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_REMOTE_ACCESS_DENIED] = OF_ANOTHER_PROTOCOL,
    [CURLE_FTP_ACCEPT_FAILED] = OF_ANOTHER_PROTOCOL,
    [CURLE_FTP_WEIRD_PASS_REPLY] = OF_ANOTHER_PROTOCOL,
    [CURLE_FTP_ACCEPT_TIMEOUT] = OF_ANOTHER_PROTOCOL,
    [CURLE_FTP_WEIRD_PASV_REPLY] = OF_ANOTHER_PROTOCOL,
    [CURLE_FTP_WEIRD_227_FORMAT] = OF_ANOTHER_PROTOCOL,
    [CURLE_FTP_CANT_GET_HOST] = OF_ANOTHER_PROTOCOL,
    [CURLE_HTTP2] = {INSIST_EPROTO, INSIST_BAD_FRAMING, ENDED}, /* also a GOAWAY */
    [CURLE_FTP_COULDNT_SET_TYPE] = OF_ANOTHER_PROTOCOL,
    [CURLE_PARTIAL_FILE] = {INSIST_EEOF, INSIST_UNEXPECTED_EOF, ENDED},
    [CURLE_FTP_COULDNT_RETR_FILE] = OF_ANOTHER_PROTOCOL,
    [CURLE_OBSOLETE20] = NO_LONGER_USED,
    [CURLE_QUOTE_ERROR] = OF_ANOTHER_PROTOCOL,
    [CURLE_HTTP_RETURNED_ERROR] = {INSIST_EPROTO, INSIST_NOT_TRANSIENT, ELSEWHERE},
    /* a callback refused bytes: a limit, unless it noted another reason */
    [CURLE_WRITE_ERROR] = {INSIST_ETOOLARGE, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_OBSOLETE24] = NO_LONGER_USED,
    [CURLE_UPLOAD_FAILED] = OF_ANOTHER_PROTOCOL,
    /* a callback gave no more of the request's body */
    [CURLE_READ_ERROR] = {INSIST_ECANCELED, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_OUT_OF_MEMORY] = {INSIST_ENOMEM, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_OPERATION_TIMEDOUT] = {INSIST_ETIMEOUT, INSIST_TIMEOUT, ELSEWHERE},
    [CURLE_OBSOLETE29] = NO_LONGER_USED,
    [CURLE_FTP_PORT_FAILED] = OF_ANOTHER_PROTOCOL,
    [CURLE_FTP_COULDNT_USE_REST] = OF_ANOTHER_PROTOCOL,
    [CURLE_OBSOLETE32] = NO_LONGER_USED,
    [CURLE_RANGE_ERROR] = {INSIST_EPROTO, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_HTTP_POST_ERROR] = {INSIST_EINVAL, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_SSL_CONNECT_ERROR] = {INSIST_ETLS, INSIST_NOT_TRANSIENT, HANDSHAKE},
    [CURLE_BAD_DOWNLOAD_RESUME] = {INSIST_EPROTO, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_FILE_COULDNT_READ_FILE] = OF_ANOTHER_PROTOCOL,
    [CURLE_LDAP_CANNOT_BIND] = OF_ANOTHER_PROTOCOL,
    [CURLE_LDAP_SEARCH_FAILED] = OF_ANOTHER_PROTOCOL,
    [CURLE_OBSOLETE40] = NO_LONGER_USED,
    [CURLE_FUNCTION_NOT_FOUND] = NO_LONGER_USED,
    [CURLE_ABORTED_BY_CALLBACK] = {INSIST_ECANCELED, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_BAD_FUNCTION_ARGUMENT] = {INSIST_EINVAL, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_OBSOLETE44] = NO_LONGER_USED,
    [CURLE_INTERFACE_FAILED] = {INSIST_ECONNECT, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_OBSOLETE46] = NO_LONGER_USED,
    [CURLE_TOO_MANY_REDIRECTS] = {INSIST_EREDIRECT, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_UNKNOWN_OPTION] = {INSIST_EINVAL, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_SETOPT_OPTION_SYNTAX] = {INSIST_EINVAL, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_OBSOLETE50] = NO_LONGER_USED,
    [CURLE_OBSOLETE51] = NO_LONGER_USED,
    [CURLE_GOT_NOTHING] = {INSIST_EEOF, INSIST_UNEXPECTED_EOF, ENDED},
    [CURLE_SSL_ENGINE_NOTFOUND] = {INSIST_ETLS, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_SSL_ENGINE_SETFAILED] = {INSIST_ETLS, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_SEND_ERROR] = {INSIST_ERESET, INSIST_CONN_RESET, TRANSFER},
    /* A failed receive always leaves an errno, over TLS too. Without one it is a chunk or a TLS record that cannot
     * be read. */
    [CURLE_RECV_ERROR] = {INSIST_EPROTO, INSIST_BAD_FRAMING, TRANSFER},
    [CURLE_OBSOLETE57] = NO_LONGER_USED,
    [CURLE_SSL_CERTPROBLEM] = {INSIST_ETLS, INSIST_NOT_TRANSIENT, ELSEWHERE}, /* our own certificate */
    [CURLE_SSL_CIPHER] = {INSIST_ETLS, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_PEER_FAILED_VERIFICATION] = {INSIST_ECERT, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_BAD_CONTENT_ENCODING] = {INSIST_EDECODE, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_OBSOLETE62] = NO_LONGER_USED,
    [CURLE_FILESIZE_EXCEEDED] = {INSIST_ETOOLARGE, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_USE_SSL_FAILED] = {INSIST_ETLS, INSIST_NOT_TRANSIENT, ELSEWHERE},
    /* A used connection died and the body cannot be sent once more. */
    [CURLE_SEND_FAIL_REWIND] = {INSIST_EEOF, INSIST_UNEXPECTED_EOF, TRANSFER},
    [CURLE_SSL_ENGINE_INITFAILED] = {INSIST_ETLS, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_LOGIN_DENIED] = OF_ANOTHER_PROTOCOL,
    [CURLE_TFTP_NOTFOUND] = OF_ANOTHER_PROTOCOL,
    [CURLE_TFTP_PERM] = OF_ANOTHER_PROTOCOL,
    [CURLE_REMOTE_DISK_FULL] = OF_ANOTHER_PROTOCOL,
    [CURLE_TFTP_ILLEGAL] = OF_ANOTHER_PROTOCOL,
    [CURLE_TFTP_UNKNOWNID] = OF_ANOTHER_PROTOCOL,
    [CURLE_REMOTE_FILE_EXISTS] = OF_ANOTHER_PROTOCOL,
    [CURLE_TFTP_NOSUCHUSER] = OF_ANOTHER_PROTOCOL,
    [CURLE_OBSOLETE75] = NO_LONGER_USED,
    [CURLE_OBSOLETE76] = NO_LONGER_USED,
    [CURLE_SSL_CACERT_BADFILE] = {INSIST_ETLS, INSIST_NOT_TRANSIENT, ELSEWHERE}, /* our own list of authorities */
    [CURLE_REMOTE_FILE_NOT_FOUND] = OF_ANOTHER_PROTOCOL,
    [CURLE_SSH] = OF_ANOTHER_PROTOCOL,
    [CURLE_SSL_SHUTDOWN_FAILED] = {INSIST_ETLS, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_AGAIN] = {INSIST_ESYSTEM, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_SSL_CRL_BADFILE] = {INSIST_ETLS, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_SSL_ISSUER_ERROR] = {INSIST_ECERT, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_FTP_PRET_FAILED] = OF_ANOTHER_PROTOCOL,
    [CURLE_RTSP_CSEQ_ERROR] = OF_ANOTHER_PROTOCOL,
    [CURLE_RTSP_SESSION_ERROR] = OF_ANOTHER_PROTOCOL,
    [CURLE_FTP_BAD_FILE_LIST] = OF_ANOTHER_PROTOCOL,
    [CURLE_CHUNK_FAILED] = OF_ANOTHER_PROTOCOL,
    [CURLE_NO_CONNECTION_AVAILABLE] = {INSIST_ESYSTEM, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_SSL_PINNEDPUBKEYNOTMATCH] = {INSIST_ECERT, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_SSL_INVALIDCERTSTATUS] = {INSIST_ECERT, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_HTTP2_STREAM] = {INSIST_ERESET, INSIST_CONN_RESET, ENDED}, /* the server cut this stream */
    [CURLE_RECURSIVE_API_CALL] = {INSIST_ESYSTEM, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_AUTH_ERROR] = {INSIST_EPROTO, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_HTTP3] = {INSIST_EPROTO, INSIST_BAD_FRAMING, ENDED},
    [CURLE_QUIC_CONNECT_ERROR] = {INSIST_ECONNECT, INSIST_NOT_TRANSIENT, CONNECTING},
    [CURLE_PROXY] = {INSIST_ECONNECT, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_SSL_CLIENTCERT] = {INSIST_ETLS, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [CURLE_UNRECOVERABLE_POLL] = {INSIST_ESYSTEM, INSIST_NOT_TRANSIENT, ELSEWHERE},
    [100] = {INSIST_ETOOLARGE, INSIST_NOT_TRANSIENT, ELSEWHERE}, /* CURLE_TOO_LARGE, of later versions */
    [101] = {INSIST_ETLS, INSIST_NOT_TRANSIENT, ELSEWHERE},      /* CURLE_ECH_REQUIRED */
};

/* clang-format on */

#define ROW_COUNT ((int)(sizeof(rows) / sizeof(rows[0])))

bool curl_code_known(int code) {
    return code > 0 && code < ROW_COUNT && rows[code].err != INSIST_OK;
}

static struct curl_meaning cut(enum stage stage) {
    if (stage == HANDSHAKE)
        return (struct curl_meaning){INSIST_ETLS, INSIST_TLS_INTERRUPTED};
    return (struct curl_meaning){stage == CONNECTING ? INSIST_ECONNECT : INSIST_ERESET, INSIST_CONN_RESET};
}

/* What went wrong with the connection itself, when the system has said so. */
static struct curl_meaning with_errno(const struct row *row, int os_errno) {
    insist_err err = row->stage == TRANSFER ? INSIST_ERESET : row->err;
    switch (os_errno) {
    case ETIMEDOUT:
    case EAGAIN: return (struct curl_meaning){err, INSIST_TIMEOUT};
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE: /* the trace of a reset over TLS, too: libcurl then still tried to send its goodbye */
        return cut(row->stage);
    case ECONNREFUSED: return (struct curl_meaning){err, INSIST_CONN_REFUSED};
    case EMFILE:
    case ENFILE:
    case ENOBUFS: return (struct curl_meaning){INSIST_ESYSTEM, INSIST_NOT_TRANSIENT};
    case ENOMEM: return (struct curl_meaning){INSIST_ENOMEM, INSIST_NOT_TRANSIENT};
    default: /* unreachable host or network, and whatever else: nothing says that it passes */
        return (struct curl_meaning){err, INSIST_NOT_TRANSIENT};
    }
}

struct curl_meaning curl_code_meaning(int code, int os_errno) {
    if (code == CURLE_OK)
        return (struct curl_meaning){INSIST_OK, INSIST_NOT_TRANSIENT};
    if (!curl_code_known(code))
        return (struct curl_meaning){INSIST_EPROTO, INSIST_NOT_TRANSIENT};
    const struct row *row = &rows[code];
    bool errno_tells = row->stage == ENDED ? os_errno == ETIMEDOUT : row->stage != ELSEWHERE && os_errno != 0;
    if (errno_tells)
        return with_errno(row, os_errno);
    return (struct curl_meaning){row->err, row->transience};
}

static bool begins(const char *text, const char *beginning) {
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

struct curl_meaning curl_code_meaning_in_detail(int code, int os_errno, const char *detail) {
    if (!detail || os_errno != 0)
        return curl_code_meaning(code, os_errno);
    /* OpenSSL's words for a connection that ended inside the handshake; and libcurl's, for of a transfer's sentences it
     * keeps the first, which may be about the goodbye to an idle connection that it closed before. */
    bool ended = strstr(detail, "SSL_ERROR_SYSCALL") || strstr(detail, "unexpected eof") ||
                 begins(detail, "Send failure:") || begins(detail, "Recv failure:");
    if (code == CURLE_SSL_CONNECT_ERROR && ended)
        return cut(HANDSHAKE);
    /* The latter: of a trailer line, which may have 4 KiB. */
    bool too_large =
        strstr(detail, "Too large response headers") || strstr(detail, "Out of memory in chunked-encoding");
    if (code == CURLE_RECV_ERROR && too_large)
        return (struct curl_meaning){INSIST_ETOOLARGE, INSIST_NOT_TRANSIENT};
    return curl_code_meaning(code, 0);
}

insist_transience insist_categorize(int curl_code, int os_errno) {
    return curl_code_meaning(curl_code, os_errno).transience;
}
