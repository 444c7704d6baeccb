/* The page for people, and the figures for Prometheus. Loop's thread. */
#include "control_rooms.h"
#include "metrics.h"
#include "page_files.h"

#include <string.h>

static const char *type_of(const char *name) {
    static const char *const types[][2] = {
        {".html", "text/html; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".svg", "image/svg+xml"},
    };
    const char *end = strrchr(name, '.');
    for (size_t i = 0; end && i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(end, types[i][0]) == 0) {
            return types[i][1];
        }
    }
    return "application/octet-stream";
}

/* "/" is the page itself. NULL: there is no such file. */
static const struct page_file *find(const char *path) {
    const char *name = strcmp(path, "/") == 0 ? "index.html" : path + 1;
    for (const struct page_file *file = page_files; file->name; file++) {
        if (strcmp(file->name, name) == 0) {
            return file;
        }
    }
    return NULL;
}

bool control_has_page(const char *path) {
    return find(path) != NULL;
}

struct reply control_get_page(const struct control_request *request) {
    const struct page_file *file = find(request->path);
    if (!file) {
        return reply_error(404, "there is no such page");
    }
    return reply_bytes(type_of(file->name), file->bytes, file->size);
}

struct reply control_get_metrics(const struct control_request *request) {
    size_t size = 0;
    char *text = metrics_text(request->server, &size);
    return reply_text("text/plain; version=0.0.4; charset=utf-8", text, size);
}
