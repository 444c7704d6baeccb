/* Two ways to write messages down: a stream, and the system's log. Any thread. */
#include <insist/log.h>
#include <syslog.h>

#define LINE_BYTES 1024

const char *insist_log_level_name(insist_log_level level) {
    switch (level) {
    case INSIST_LOG_ERROR: return "ERROR";
    case INSIST_LOG_WARN: return "WARN";
    case INSIST_LOG_INFO: return "INFO";
    case INSIST_LOG_DEBUG: return "DEBUG";
    case INSIST_LOG_LEVEL_MAX: break;
    }
    return "UNKNOWN";
}

/* The stream is locked: other threads' lines do not come between. */
static void write_to_stream(void *ctx, insist_log_level level, const char *message, const insist_log_pair *pairs,
                            size_t n) {
    FILE *stream = ctx;
    flockfile(stream);
    fprintf(stream, "[%s] %s", insist_log_level_name(level), message);
    for (size_t i = 0; i < n; i++)
        fprintf(stream, " %s=%s", pairs[i].key, pairs[i].value);
    fputc('\n', stream);
    funlockfile(stream);
}

insist_logger insist_log_printf(FILE *stream) {
    return (insist_logger){.log = stream != NULL ? write_to_stream : NULL, .ctx = stream};
}

static int priority_of(insist_log_level level) {
    switch (level) {
    case INSIST_LOG_ERROR: return LOG_ERR;
    case INSIST_LOG_WARN: return LOG_WARNING;
    case INSIST_LOG_INFO: return LOG_INFO;
    default: return LOG_DEBUG;
    }
}

static size_t min_length(int length, size_t room) {
    return length < 0 ? 0 : (size_t)length < room ? (size_t)length : room - 1;
}

static void write_to_syslog(void *ctx, insist_log_level level, const char *message, const insist_log_pair *pairs,
                            size_t n) {
    char line[LINE_BYTES];
    (void)ctx;
    size_t length = min_length(snprintf(line, sizeof line, "%s", message), sizeof line);
    for (size_t i = 0; i < n; i++) {
        size_t room = sizeof line - length;
        length += min_length(snprintf(line + length, room, " %s=%s", pairs[i].key, pairs[i].value), room);
    }
    syslog(priority_of(level), "%s", line);
}

insist_logger insist_log_syslog(void) {
    return (insist_logger){.log = write_to_syslog};
}
