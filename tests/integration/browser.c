/* See browser.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "browser.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000, LOOK_MS = 20 };

struct browser {
    pid_t driver; /* and its process group */
    FILE *out;    /* the driver's */
    unsigned port;
    char session[128]; /* "/session/ID"; empty before there is one */
    char profile[64];  /* its directory; empty before there is one */
};

/* ---- the driver ------------------------------------------------------------------------------------------------- */

static bool is_program(const char *name) {
    const char *path = getenv("PATH");
    char *list = strdup(path ? path : "/usr/bin");
    char *rest = list;
    bool found = false;
    for (char *folder; !found && (folder = strsep(&rest, ":")) != NULL;) {
        char file[512];
        snprintf(file, sizeof file, "%s/%s", folder, name);
        found = access(file, X_OK) == 0;
    }
    free(list);
    return found;
}

bool browser_is_here(void) {
    return is_program("chromedriver") && is_program("chromium");
}

static void become_driver(int out) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (dup2(out, STDOUT_FILENO) >= 0) {
        execlp("chromedriver", "chromedriver", "--port=0", (char *)NULL);
    }
    _exit(127);
}

/* Starts chromedriver on a port of its choice, which it tells. */
static bool start_driver(struct browser *browser) {
    char line[256];
    int out[2];
    if (pipe2(out, O_CLOEXEC) != 0) {
        return false;
    }
    browser->driver = fork();
    if (browser->driver == 0) {
        become_driver(out[1]);
    }
    close(out[1]);
    browser->out = fdopen(out[0], "r");
    while (browser->driver > 0 && browser->out && fgets(line, sizeof line, browser->out)) {
        const char *told = strstr(line, "successfully on port ");
        if (told) {
            browser->port = (unsigned)strtoul(told + strlen("successfully on port "), NULL, 10);
            return true;
        }
    }
    return false;
}

/* ---- commands --------------------------------------------------------------------------------------------------- */

static size_t append(char *data, size_t size, size_t count, void *to) {
    return fwrite(data, size, count, to);
}

/* One command to the driver: its value, NULL with a sentence on standard error. body: NULL for GET; consumed. */
static json_t *command(struct browser *browser, const char *method, const char *path, json_t *body) {
    char url[512];
    char *text = body ? json_dumps(body, 0) : NULL;
    char *answer = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&answer, &size);
    CURL *curl = curl_easy_init();
    struct curl_slist *type = curl_slist_append(NULL, "Content-Type: application/json");
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s%s", browser->port, browser->session, path);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, type);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, append);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, out);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 60000L);
    if (text) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, text);
    }
    CURLcode code = curl_easy_perform(curl);
    curl_easy_cleanup(curl);
    curl_slist_free_all(type);
    fclose(out);
    json_t *json = code == CURLE_OK ? json_loads(answer, 0, NULL) : NULL;
    json_t *value = json_incref(json_object_get(json, "value"));
    if (!value || json_object_get(value, "error")) {
        fprintf(stderr, "browser: %s %s %.300s: %.300s\n", method, path, text ? text : "", code ? "no answer" : answer);
        json_decref(value);
        value = NULL;
    }
    json_decref(json);
    json_decref(body);
    free(text);
    free(answer);
    return value;
}

/* The same, which has to succeed. */
static json_t *must(struct browser *browser, const char *method, const char *path, json_t *body) {
    json_t *value = command(browser, method, path, body);
    assert_non_null(value);
    return value;
}

static json_t *developer_command(const char *name, json_t *parameters) {
    return json_pack("{s:s,s:o}", "cmd", name, "params", parameters);
}

/* ---- opening and closing ---------------------------------------------------------------------------------------- */

static json_t *wishes(const struct browser *browser) {
    static const char *const fixed[] = {
        "--headless=new",
        "--no-sandbox", /* which needs rights that a container seldom has; every page here is the tests' own */
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-proxy-server",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    };
    json_t *arguments = json_array();
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        json_array_append_new(arguments, json_string(fixed[i]));
    }
    json_array_append_new(arguments, json_sprintf("--user-data-dir=%s", browser->profile));
    return json_pack("{s:{s:{s:s,s:{s:o},s:{s:s}}}}", "capabilities", "alwaysMatch", "browserName", "chrome",
                     "goog:chromeOptions", "args", arguments, "goog:loggingPrefs", "browser", "ALL");
}

static bool start_session(struct browser *browser) {
    json_t *value = command(browser, "POST", "/session", wishes(browser));
    const char *id = json_string_value(json_object_get(value, "sessionId"));
    if (id) {
        snprintf(browser->session, sizeof browser->session, "/session/%s", id);
    }
    json_decref(value);
    return id != NULL;
}

static bool make_profile(struct browser *browser) {
    strcpy(browser->profile, "/tmp/insist-browser-XXXXXX");
    if (!mkdtemp(browser->profile)) {
        browser->profile[0] = '\0';
    }
    return browser->profile[0] != '\0';
}

struct browser *browser_open(void) {
    struct browser *browser = calloc(1, sizeof *browser);
    if (!browser) {
        return NULL;
    }
    if (!make_profile(browser) || !start_driver(browser) || !start_session(browser)) {
        fputs("browser: it could not be started\n", stderr);
        browser_close(browser);
        return NULL;
    }
    return browser;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where) {
    (void)status;
    (void)kind;
    (void)where;
    return remove(path) == 0 || errno == ENOENT ? 0 : -1;
}

void browser_close(struct browser *browser) {
    if (!browser) {
        return;
    }
    if (browser->session[0]) {
        json_decref(command(browser, "DELETE", "", NULL));
    }
    if (browser->driver > 0) {
        kill(browser->driver, SIGTERM);
        waitpid(browser->driver, NULL, 0);
        kill(-browser->driver, SIGKILL); /* whatever of it is left */
    }
    if (browser->out) {
        fclose(browser->out);
    }
    if (browser->profile[0]) {
        nftw(browser->profile, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    }
    free(browser);
}

/* ---- what tests do with it -------------------------------------------------------------------------------------- */

void browser_go(struct browser *browser, const char *url) {
    json_decref(must(browser, "POST", "/url", json_pack("{s:s}", "url", url)));
}

json_t *browser_value(struct browser *browser, const char *expression) {
    json_t *script = json_sprintf("return (%s);", expression);
    return must(browser, "POST", "/execute/sync", json_pack("{s:o,s:[]}", "script", script, "args"));
}

bool browser_is(struct browser *browser, const char *expression) {
    json_t *value = browser_value(browser, expression);
    bool is = json_is_true(value);
    json_decref(value);
    return is;
}

long browser_number(struct browser *browser, const char *expression) {
    json_t *value = browser_value(browser, expression);
    assert_true(json_is_number(value));
    long number = (long)json_number_value(value);
    json_decref(value);
    return number;
}

char *browser_text(struct browser *browser, const char *expression) {
    json_t *value = browser_value(browser, expression);
    assert_true(json_is_string(value));
    char *text = strdup(json_string_value(value));
    json_decref(value);
    assert_non_null(text);
    return text;
}

void browser_wait(struct browser *browser, const char *expression) {
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    for (int waited_ms = 0; waited_ms < PATIENCE_MS; waited_ms += LOOK_MS) {
        if (browser_is(browser, expression)) {
            return;
        }
        nanosleep(&pause, NULL);
    }
    fail_msg("the page never came so far: %s", expression);
}

static size_t character_length(unsigned char first) {
    return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

void browser_keys(struct browser *browser, const char *keys) {
    json_t *actions = json_array();
    while (*keys) {
        size_t length = character_length((unsigned char)*keys);
        json_array_append_new(actions, json_pack("{s:s,s:s%}", "type", "keyDown", "value", keys, length));
        json_array_append_new(actions, json_pack("{s:s,s:s%}", "type", "keyUp", "value", keys, length));
        keys += length;
    }
    json_t *keyboard = json_pack("{s:s,s:s,s:o}", "type", "key", "id", "keyboard", "actions", actions);
    json_decref(must(browser, "POST", "/actions", json_pack("{s:[o]}", "actions", keyboard)));
}

void browser_look(struct browser *browser, int width, int height, bool dark) {
    json_t *size = json_pack("{s:i,s:i,s:i,s:b}", "width", width, "height", height, "deviceScaleFactor", 1, "mobile",
                             (int)(width < 500));
    json_t *taste =
        json_pack("{s:[{s:s,s:s}]}", "features", "name", "prefers-color-scheme", "value", dark ? "dark" : "light");
    json_decref(
        must(browser, "POST", "/goog/cdp/execute", developer_command("Emulation.setDeviceMetricsOverride", size)));
    json_decref(must(browser, "POST", "/goog/cdp/execute", developer_command("Emulation.setEmulatedMedia", taste)));
}

char *browser_complaints(struct browser *browser) {
    char *text = NULL;
    size_t size = 0;
    size_t i;
    json_t *entry;
    json_t *entries = must(browser, "POST", "/se/log", json_pack("{s:s}", "type", "browser"));
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    json_array_foreach(entries, i, entry) {
        fprintf(out, "%s\n", json_string_value(json_object_get(entry, "message")));
    }
    fclose(out);
    json_decref(entries);
    return text;
}
