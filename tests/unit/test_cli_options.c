/* The command line: what is understood, what is refused, what the help and the man page say. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "cli/connect.h"
#include "cli/help.h"
#include "cli/option_table.h"
#include "cli/options.h"
#include <stdlib.h>
#include <string.h>

enum { MOST_WORDS = 40 };

struct line {
    struct settings settings;
    insist_problem problem;
    enum request request;
};

/* Settings borrow from argv: the words live as long as the test program. */
static char *kept[4096];
static size_t keeps;

static int free_words(void **state) {
    (void)state;
    while (keeps > 0) {
        free(kept[--keeps]);
    }
    return 0;
}

/* Words are parted by blanks; a word of two quotes is empty. */
static void parse(struct line *line, const char *words) {
    char text[512];
    char *argv[MOST_WORDS + 1] = {"insist"};
    int argc = 1;
    snprintf(text, sizeof(text), "%s", words);
    char *rest = NULL;
    for (char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        assert_true(argc < MOST_WORDS);
        argv[argc++] = strdup(strcmp(word, "''") == 0 ? "" : word);
    }
    line->request = options_parse(argc, argv, &line->settings, &line->problem);
    for (int i = 1; i < argc; i++) {
        assert_true(keeps < sizeof(kept) / sizeof(kept[0]));
        kept[keeps++] = argv[i];
    }
}

static void refused(const char *words, const char *field, const char *part) {
    struct line line;
    parse(&line, words);
    assert_int_equal(line.request, REQUEST_REFUSED);
    assert_int_equal(line.problem.err, INSIST_EINVAL);
    assert_string_equal(line.problem.field, field);
    if (strstr(line.problem.text, part) == NULL) {
        fail_msg("%s: \"%s\" does not say \"%s\"", words, line.problem.text, part);
    }
    settings_fini(&line.settings);
}

static void a_url_alone_gives_the_defaults(void **state) {
    (void)state;
    struct line line;
    parse(&line, "http://h/");
    const struct settings *settings = &line.settings;
    assert_int_equal(line.request, REQUEST_CALL);
    assert_string_equal(settings->url, "http://h/");
    assert_null(settings->method);
    assert_int_equal(settings->retries, 3);
    assert_false(settings->retry_given);
    assert_true(settings->deadline_ms == 0 && settings->timeout_ms == 0 && settings->retry_after_cap_ms == 30000);
    assert_int_equal(settings->count, 1);
    assert_int_equal(settings->parallel, 1);
    assert_int_equal(settings->max_redirects, -1);
    assert_int_equal(settings->timeline, WHEN_TERMINAL);
    settings_fini(&line.settings);
}

static void every_option_arrives(void **state) {
    (void)state;
    struct line line;
    parse(&line,
          "-X PUT -d a=1 -d b=2 -H A:1 -H B:2 http://h/ -o out -isvfk -A me --cacert ca.pem --retries 5 --retry-on 404 "
          "--backoff constant:1s --retry-after-cap 2m --timeout 1s --deadline forever --idempotent --budget none "
          "--max-redirects 0 --json --timeline=never --http2 -L");
    const struct settings *settings = &line.settings;
    assert_int_equal(line.request, REQUEST_CALL);
    assert_string_equal(settings->url, "http://h/");
    assert_string_equal(settings->method, "PUT");
    assert_int_equal(settings->data.count, 2);
    assert_string_equal(settings->data.items[1], "b=2");
    assert_int_equal(settings->headers.count, 2);
    assert_string_equal(settings->headers.items[0], "A:1");
    assert_string_equal(settings->output, "out");
    assert_true(settings->include && settings->silent && settings->verbose && settings->fail && settings->insecure);
    assert_string_equal(settings->user_agent, "me");
    assert_string_equal(settings->ca_file, "ca.pem");
    assert_int_equal(settings->retries, 5);
    assert_true(settings->retry_given);
    assert_int_equal(settings->retry_on.statuses[0], 404);
    assert_int_equal(settings->backoff.shape, BACKOFF_CONSTANT);
    assert_true(settings->retry_after_cap_ms == 120000 && settings->timeout_ms == 1000);
    assert_true(settings->deadline_ms == INSIST_FOREVER);
    assert_true(settings->idempotent && settings->budget_off && settings->json && settings->http2);
    assert_int_equal(settings->max_redirects, 0);
    assert_int_equal(settings->timeline, WHEN_NEVER);
    settings_fini(&line.settings);
}

static void options_about_connections_and_credentials_arrive(void **state) {
    (void)state;
    struct line line;
    parse(&line, "-E c.pem --key k.pem --pass p --pinnedpubkey pin -x http://p:1 --noproxy a,b --unix-socket /s "
                 "--interface lo --resolve a:1:b --resolve c:2:d --connect-to e:3:f:4 --connect-timeout 2s -b a=1 -b b=2 "
                 "-u me:secret --idempotency-key=k http://h/");
    const struct settings *settings = &line.settings;
    const struct connect *connect = &settings->connect;
    assert_int_equal(line.request, REQUEST_CALL);
    assert_string_equal(connect->certificate_file, "c.pem");
    assert_string_equal(connect->key_file, "k.pem");
    assert_string_equal(connect->key_password, "p");
    assert_string_equal(connect->pinned_key, "pin");
    assert_string_equal(connect->proxy, "http://p:1");
    assert_string_equal(connect->no_proxy, "a,b");
    assert_string_equal(connect->unix_socket, "/s");
    assert_string_equal(connect->interface, "lo");
    assert_int_equal(connect->resolve.count, 2);
    assert_string_equal(connect->resolve.items[1], "c:2:d");
    assert_string_equal(connect->connect_to.items[0], "e:3:f:4");
    assert_true(connect->timeout_ms == 2000);
    assert_int_equal(settings->cookies.count, 2);
    assert_string_equal(settings->user, "me:secret");
    assert_true(settings->keyed);
    assert_string_equal(settings->idempotency_key, "k");

    insist_tls_options tls = {.size = sizeof(tls)};
    insist_net_options net = {.size = sizeof(net)};
    connect_fill_in(settings, &tls, &net);
    assert_string_equal(tls.certificate_file, "c.pem");
    assert_string_equal(tls.key_file, "k.pem");
    assert_string_equal(tls.key_password, "p");
    assert_string_equal(tls.pinned_key, "pin");
    assert_string_equal(net.proxy, "http://p:1");
    assert_string_equal(net.no_proxy, "a,b");
    assert_string_equal(net.unix_socket, "/s");
    assert_string_equal(net.interface, "lo");
    assert_int_equal(net.resolve_count, 2);
    assert_int_equal(net.connect_to_count, 1);
    assert_true(net.connect_timeout_ms == 2000);
    settings_fini(&line.settings);

    parse(&line, "--idempotency-key http://h/");
    assert_true(line.settings.keyed);
    assert_null(line.settings.idempotency_key);
    settings_fini(&line.settings);
    refused("--connect-timeout 0ms u", "--connect-timeout", "longer than 0");
}

static void each_retry_option_asks_for_a_policy(void **state) {
    (void)state;
    static const char *const rows[] = {"--retries=3 u", "--retry-on 404 u", "--backoff exp:1s u",
                                       "--retry-after-cap 1s u"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct line line;
        parse(&line, rows[i]);
        assert_true(line.settings.retry_given);
        settings_fini(&line.settings);
    }
}

static void count_and_parallel_go_together(void **state) {
    (void)state;
    static const struct {
        const char *words;
        unsigned count;
        unsigned parallel;
    } rows[] = {{"--count 10 u", 10, 1}, {"--parallel 4 u", 4, 4}, {"--count 10 --parallel 4 u", 10, 4}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct line line;
        parse(&line, rows[i].words);
        assert_int_equal(line.request, REQUEST_CALL);
        assert_int_equal(line.settings.count, rows[i].count);
        assert_int_equal(line.settings.parallel, rows[i].parallel);
        settings_fini(&line.settings);
    }
    refused("--count 2 --parallel 4 u", "--parallel", "more threads than calls");
    refused("--count 2 -o f u", "--output", "no body");
    refused("--count 2 -i u", "--include", "no body and no headers");
    refused("--parallel 2 -i u", "--include", "no body and no headers");
}

static void timeline_has_three_forms(void **state) {
    (void)state;
    struct line line;
    parse(&line, "--timeline u");
    assert_int_equal(line.settings.timeline, WHEN_ALWAYS);
    assert_string_equal(line.settings.url, "u");
    settings_fini(&line.settings);
    parse(&line, "--timeline=always u");
    assert_int_equal(line.settings.timeline, WHEN_ALWAYS);
    settings_fini(&line.settings);
    refused("--timeline=sometimes u", "--timeline", "\"sometimes\" is neither always nor never");
}

static void a_stranger_is_refused_with_the_nearest_name(void **state) {
    (void)state;
    static const struct {
        const char *words, *field, *part;
    } rows[] = {
        {"--retrys 3 u", "--retrys", "did you mean --retries?"},
        {"--dedline=3s u", "--dedline", "did you mean --deadline?"},
        {"--idempotant u", "--idempotant", "did you mean --idempotent?"},
        {"--retry-om=404 u", "--retry-om", "did you mean --retry-on?"},
        {"--coookie a=b u", "--coookie", "did you mean --cookie?"}, /* --help is silent about these */
        {"--connect-timout 1s u", "--connect-timout", "did you mean --connect-timeout?"},
        {"--unixsocket /s u", "--unixsocket", "did you mean --unix-socket?"},
        {"--pinedpubkey=x u", "--pinedpubkey", "did you mean --pinnedpubkey?"},
        {"--usr me:x u", "--usr", "did you mean --user?"},
        {"--xyzzy u", "--xyzzy", "no such option; see insist --help"},
        {"--x u", "--x", "no such option; see insist --help"},
        {"--form a=b u", "--form", "no such option; see insist --help"},
        {"--max-time 3 u", "--max-time", "the whole call is --deadline, that of an attempt --timeout"},
        {"--max-time=3 u", "--max-time", "the whole call is --deadline, that of an attempt --timeout"},
        {"-m 3 u", "-m", "the whole call is --deadline"},
        {"--retry 3 u", "--retry", "retries is --retries"},
        {"--retry-delay 3 u", "--retry-delay", "is --backoff"},
        {"--retry-max-time 3 u", "--retry-max-time", "is --deadline"},
        {"--retry-all-errors u", "--retry-all-errors", "told by --retry-on"},
        {"--compressed u", "--compressed", "by themselves"},
        {"--url u", "--url", "insist [options] URL"},
        {"--head u", "--head", "--request HEAD"},
        {"-I u", "-I", "--request HEAD"},
        {"-F u", "-F", "did you mean -f (--fail)?"},
        {"--fail -sZ u", "-Z", "see insist --help"},
        {"--fail -Zs u", "-Z", "see insist --help"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        refused(rows[i].words, rows[i].field, rows[i].part);
    }
}

/* Wherever its argument stands, and whether or not it has one. */
static void a_name_is_not_abbreviated(void **state) {
    (void)state;
    refused("--head a:b u", "--head", "no such option");
    refused("u --head", "--head", "no such option");
    refused("--heade a:b u", "--heade", "did you mean --header?");
    refused("--heade=a:b u", "--heade", "did you mean --header?");
    refused("u --heade", "--heade", "did you mean --header?");
    refused("u v --verb", "--verb", "did you mean --verbose?");
    refused("--jso=yes u", "--jso", "did you mean --json?");
    refused("--timel=always u", "--timel", "did you mean --timeline?");
    refused("--hel", "--hel", "did you mean --help?");
    refused("--versio", "--versio", "did you mean --version?");
    refused("--retr 3 u", "--retr", "did you mean --retries?");
    refused("u -s --header", "--header", "argument is missing");
    struct line line;
    parse(&line, "--header --head u"); /* an argument that looks like one */
    assert_int_equal(line.request, REQUEST_CALL);
    assert_string_equal(line.settings.headers.items[0], "--head");
    settings_fini(&line.settings);
}

static void values_are_refused_with_the_option_s_name(void **state) {
    (void)state;
    refused("--retries many u", "--retries", "no whole number");
    refused("--retries -1 u", "--retries", "no whole number");
    refused("--retry-on 40x u", "--retry-on", "\"40x\"");
    refused("--backoff linear:1s*2 u", "--backoff", "no duration");
    refused("--backoff exp:1s,half u", "--backoff", "no jitter");
    refused("--preset curl u", "--preset", "there are httpx, pester and retryablehttp");
    refused("--timeout 5 u", "--timeout", "no duration");
    refused("--timeout 0s u", "--timeout", "longer than 0");
    refused("--deadline 0ms u", "--deadline", "longer than 0");
    refused("--timeout 40s --deadline 30s u", "--timeout", "deadline");
    refused("--timeout 2s --deadline 1s u", "--timeout", "deadline");
    refused("--budget lots u", "--budget", "neither none nor default");
    refused("--count 0 u", "--count", "no whole number");
    refused("--parallel x u", "--parallel", "no whole number");
    refused("--max-redirects 101 u", "--max-redirects", "from 0 to 100");
    refused("--max-redirects x u", "--max-redirects", "no whole number");
    refused("--json=yes u", "--json", "takes no argument");
    refused("u --retries", "--retries", "argument is missing");
    refused("u -d", "--data", "argument is missing");
    refused("-X '' u", "--request", "it is empty");
    refused("-o '' u", "--output", "it is empty");
    refused("--key k u", "--key", "there is no --cert");
    refused("--pass p u", "--pass", "there is no --cert");
    refused("", "URL", "one is wanted");
    refused("-s", "URL", "one is wanted");
    refused("u v", "URL", "only one");
}

static void races_have_delays_and_a_mode(void **state) {
    (void)state;
    struct line line;
    parse(&line, "--wave close --race 50ms,200ms u");
    assert_int_equal(line.request, REQUEST_CALL);
    assert_int_equal(line.settings.race.shape, RACE_DELAYS);
    assert_int_equal(line.settings.race.delay_count, 2);
    assert_true(line.settings.race.closes_wave);
    settings_fini(&line.settings);
    parse(&line, "--race at-once=3 --wave refill --timeout 1ms u");
    assert_int_equal(line.request, REQUEST_CALL);
    assert_int_equal(line.settings.race.times, 3);
    assert_false(line.settings.race.closes_wave);
    settings_fini(&line.settings);
    refused("--race fast u", "--race", "\"fast\" is no race");
    refused("--race p100 u", "--race", "below 100");
    refused("--race auto=2 u", "--race", "no share");
    refused("--race 50ms --wave open u", "--wave", "neither close nor refill");
    refused("--wave close u", "--wave", "there is no --race");
    refused("--race 50ms,2s --timeout 2s u", "--race", "not below the --timeout");
}

static void a_preset_fills_in_what_was_not_given(void **state) {
    (void)state;
    static const struct {
        const char *words;
        enum preset preset;
        unsigned retries;
        int64_t base_ms, retry_after_cap_ms, timeout_ms, deadline_ms;
        bool retry_given, budget_off;
    } rows[] = {
        {"--preset httpx u", PRESET_HTTPX, 5, 50, -1, 5000, INSIST_FOREVER, false, true},
        {"--preset pester u", PRESET_PESTER, 2, 1000, -1, INSIST_FOREVER, INSIST_FOREVER, false, true},
        {"--preset retryablehttp u", PRESET_RETRYABLEHTTP, 4, 1000, INSIST_FOREVER, INSIST_FOREVER, INSIST_FOREVER,
         false, true},
        {"--retries 9 --preset httpx u", PRESET_HTTPX, 9, 50, -1, 5000, INSIST_FOREVER, true, true},
        {"--preset httpx --retries 0 u", PRESET_HTTPX, 0, 50, -1, 5000, INSIST_FOREVER, true, true},
        {"--preset pester --backoff constant:5ms u", PRESET_PESTER, 2, 5, -1, INSIST_FOREVER, INSIST_FOREVER, true,
         true},
        {"--preset pester --retry-on 429 u", PRESET_PESTER, 2, 1000, -1, INSIST_FOREVER, INSIST_FOREVER, true, true},
        {"--preset retryablehttp --retry-after-cap 7s u", PRESET_RETRYABLEHTTP, 4, 1000, 7000, INSIST_FOREVER,
         INSIST_FOREVER, true, true},
        {"--preset httpx --deadline 2s u", PRESET_HTTPX, 5, 50, -1, 2000, 2000, false, true},
        {"--preset httpx --timeout 9s --budget default u", PRESET_HTTPX, 5, 50, -1, 9000, INSIST_FOREVER, false,
         false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct line line;
        parse(&line, rows[i].words);
        const struct settings *settings = &line.settings;
        assert_int_equal(line.request, REQUEST_CALL);
        assert_int_equal(settings->preset, rows[i].preset);
        assert_int_equal(settings->retries, rows[i].retries);
        assert_true(settings->backoff.base_ms == rows[i].base_ms);
        assert_true(settings->retry_after_cap_ms == rows[i].retry_after_cap_ms);
        assert_true(settings->timeout_ms == rows[i].timeout_ms && settings->deadline_ms == rows[i].deadline_ms);
        assert_int_equal(settings->retry_given, rows[i].retry_given);
        assert_int_equal(settings->budget_off, rows[i].budget_off);
        settings_fini(&line.settings);
    }
}

static void help_and_version_need_no_url(void **state) {
    (void)state;
    struct line line;
    parse(&line, "--help");
    assert_int_equal(line.request, REQUEST_HELP);
    settings_fini(&line.settings);
    parse(&line, "--version");
    assert_int_equal(line.request, REQUEST_VERSION);
    settings_fini(&line.settings);
}

/* As a word: --user is no part of --user-agent. */
static bool names(const char *text, const char *option) {
    char name[64];
    snprintf(name, sizeof(name), "--%s", option);
    const char *at = text;
    while ((at = strstr(at, name)) != NULL) {
        at += strlen(name);
        if (strchr("abcdefghijklmnopqrstuvwxyz0123456789-", *at) == NULL) {
            return true;
        }
    }
    return false;
}

static void help_fits_a_small_terminal(void **state) {
    (void)state;
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    help_print(out);
    fclose(out);
    size_t lines = 0;
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
        assert_true(strcspn(line, "\n") <= 80);
        lines++;
    }
    assert_true(lines <= 23); /* and the prompt below it */
    assert_non_null(strstr(text, "connections, TLS, users: man insist\n"));
    const struct option_entry *entry = NULL;
    for (size_t i = 0; (entry = option_table_entry(i)) != NULL; i++) {
        assert_true(names(text, entry->name) == (entry->help != NULL));
    }
    free(text);
}

static void the_man_page_has_every_option(void **state) {
    (void)state;
    FILE *page = fopen(MAN_PAGE, "re");
    assert_non_null(page);
    char text[65536];
    text[fread(text, 1, sizeof(text) - 1, page)] = '\0';
    fclose(page);
    const struct option_entry *entry = NULL;
    for (size_t i = 0; (entry = option_table_entry(i)) != NULL; i++) {
        char name[64]; /* in mdoc, Fl puts one dash before it */
        snprintf(name, sizeof(name), "Fl -%s", entry->name);
        if (entry->help != NULL && strstr(text, name) == NULL) {
            fail_msg("insist.1 says nothing about --%s", entry->name);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_url_alone_gives_the_defaults),
        cmocka_unit_test(every_option_arrives),
        cmocka_unit_test(options_about_connections_and_credentials_arrive),
        cmocka_unit_test(each_retry_option_asks_for_a_policy),
        cmocka_unit_test(count_and_parallel_go_together),
        cmocka_unit_test(timeline_has_three_forms),
        cmocka_unit_test(a_stranger_is_refused_with_the_nearest_name),
        cmocka_unit_test(a_name_is_not_abbreviated),
        cmocka_unit_test(values_are_refused_with_the_option_s_name),
        cmocka_unit_test(races_have_delays_and_a_mode),
        cmocka_unit_test(a_preset_fills_in_what_was_not_given),
        cmocka_unit_test(help_and_version_need_no_url),
        cmocka_unit_test(help_fits_a_small_terminal),
        cmocka_unit_test(the_man_page_has_every_option),
    };
    return cmocka_run_group_tests(tests, NULL, free_words);
}
