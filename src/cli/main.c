/* The insist command: reads the command line, makes a plan and a client, calls, reports.
 *
 * The answer goes to standard output, everything else to standard error. */
#include "cli/client.h"
#include "cli/exit_code.h"
#include "cli/help.h"
#include "cli/interrupt.h"
#include "cli/load.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/report.h"
#include "cli/request.h"
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int refused(insist_err err, const insist_problem *problem) {
    insist_problem shown = *problem;
    if (shown.text[0] == '\0') {
        snprintf(shown.text, sizeof(shown.text), "%s", insist_strerror(err));
    }
    report_problem(&shown);
    return exit_code_of_error(err, 0);
}

/* Ctrl-C ends the call, but not the writing of what it brought: that is left to the system. */
static insist_err execute(insist_client *client, const insist_plan *plan, insist_cancel *cancel,
                          const insist_handlers *handlers, insist_result **result) {
    struct interrupt interrupt;
    *result = NULL;
    if (!interrupt_begin(&interrupt, cancel)) {
        return INSIST_ESYSTEM;
    }
    insist_err err = insist_execute(client, plan, INSIST_CALL_OPTIONS(.cancel = cancel, .handlers = handlers), result);
    interrupt_end(&interrupt);
    return err;
}

/* A body that cannot be written is a failure, whatever the call came to. */
static int run_one(const struct settings *settings, const struct terminal *terminal, insist_client *client,
                   const insist_plan *plan, insist_cancel *cancel) {
    insist_result *result = NULL;
    struct output output;
    insist_err err = output_init(&output, settings);
    if (err == INSIST_OK) {
        err = execute(client, plan, cancel, output.handlers, &result);
    }
    if (result == NULL) {
        output_fini(&output);
        return refused(err, &(insist_problem){.err = err});
    }
    int code = exit_code_of_call(err, insist_result_status(result), settings->fail);
    if (settings->verbose) {
        report_headers(result);
    }
    if (!report_call(settings, terminal, result)) {
        code = refused(INSIST_ENOMEM, &(insist_problem){.err = INSIST_ENOMEM});
    }
    bool written = output_has_written(&output);
    if (!output_fini(&output) || (code == EXIT_ANSWERED && !written && !report_answer(settings, result))) {
        code = EXIT_WRITE;
    }
    insist_result_free(result);
    return code;
}

static int run(const struct settings *settings) {
    insist_plan *plan = NULL;
    insist_client *client = NULL;
    insist_cancel *cancel = NULL;
    insist_problem problem = {.err = INSIST_OK};
    int code = EXIT_OTHER;

    if (!output_is_possible(settings)) {
        return EXIT_WRITE;
    }
    insist_err err = request_plan(settings, &problem, &plan);
    if (err == INSIST_OK) {
        err = client_open(settings, &problem, &client);
    }
    if (err == INSIST_OK) {
        err = insist_cancel_new(&cancel);
    }
    if (err == INSIST_OK) {
        struct terminal terminal = terminal_look(STDERR_FILENO);
        if (settings->verbose) {
            report_request(settings);
        }
        code = settings->count > 1 ? load_run(settings, &terminal, client, plan, cancel)
                                   : run_one(settings, &terminal, client, plan, cancel);
    } else {
        code = refused(err, &problem);
    }
    insist_client_free(client);
    insist_cancel_free(cancel);
    insist_plan_free(plan);
    return code;
}

/* What was asked for on standard output has to have got there. */
static int printed(void) {
    bool written = fflush(stdout) == 0 && !ferror(stdout);
    if (!written) {
        fprintf(stderr, "insist: cannot write standard output: %s\n", strerror(errno));
    }
    return written ? EXIT_ANSWERED : EXIT_WRITE;
}

/* A closed one would be taken by the next file or socket, and be written to. Their stand-ins refuse input and answer,
 * and swallow messages. */
static void keep_standard_descriptors(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0) {
            (void)open("/dev/null", fd == STDOUT_FILENO ? O_RDONLY : O_WRONLY); /* the lowest that is free: fd */
        }
    }
}

int main(int argc, char **argv) {
    keep_standard_descriptors();
    setlocale(LC_CTYPE, "");
    struct settings settings;
    insist_problem problem;
    int code = EXIT_ANSWERED;
    switch (options_parse(argc, argv, &settings, &problem)) {
    case REQUEST_CALL: code = run(&settings); break;
    case REQUEST_HELP:
        help_print(stdout);
        code = printed();
        break;
    case REQUEST_VERSION:
        printf("insist %s\n", insist_version());
        code = printed();
        break;
    case REQUEST_REFUSED: code = refused(problem.err, &problem); break;
    }
    settings_fini(&settings);
    return code;
}
