#include "cli/request.h"
#include "cli/race.h"
#include "cli/credentials.h"
#include "cli/refuse.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *request_method(const struct settings *settings) {
    if (settings->method != NULL) {
        return settings->method;
    }
    return settings->data.count > 0 ? "POST" : "GET";
}

/* ---- body ------------------------------------------------------------------------------------------------------ */

static bool copy_stream(FILE *in, FILE *out) {
    char chunk[16384];
    size_t n = 0;
    while ((n = fread(chunk, 1, sizeof(chunk), in)) > 0) {
        fwrite(chunk, 1, n, out);
    }
    return !ferror(in);
}

static bool copy_named(const char *name, FILE *out) {
    FILE *in = fopen(name, "rbe");
    if (in == NULL) {
        return false;
    }
    bool read = copy_stream(in, out);
    fclose(in);
    return read;
}

static bool copy_file(const char *name, FILE *out, insist_problem *problem) {
    bool read = strcmp(name, "-") == 0 ? copy_stream(stdin, out) : copy_named(name, out);
    if (!read) {
        refuse_field(problem, "--data", "cannot read %.80s: %s", name, strerror(errno));
    }
    return read;
}

/* All of the -d, joined by & as curl does; the bytes of files go in as they are. */
static insist_err set_body(insist_plan *plan, const struct texts *data, insist_problem *problem) {
    char *body = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&body, &len);
    if (out == NULL) {
        return INSIST_ENOMEM;
    }
    bool read = true;
    for (size_t i = 0; read && i < data->count; i++) {
        const char *item = data->items[i];
        if (i > 0) {
            fputc('&', out);
        }
        if (item[0] == '@') {
            read = copy_file(item + 1, out, problem);
        } else {
            fputs(item, out);
        }
    }
    insist_err err = fclose(out) == 0 ? INSIST_OK : INSIST_ENOMEM;
    if (err == INSIST_OK) {
        err = read ? insist_plan_set_body(plan, body, len) : INSIST_EINVAL;
    }
    free(body);
    return err;
}

/* ---- headers --------------------------------------------------------------------------------------------------- */

/* A refusal shows nothing of the line: it may hold a secret. */
static insist_err add_header(insist_plan *plan, const char *line, insist_problem *problem) {
    const char *colon = strchr(line, ':');
    if (colon == NULL) {
        refuse_field(problem, "--header", "there is no colon in it; a header is 'Name: value'");
        return INSIST_EINVAL;
    }
    char *name = strndup(line, (size_t)(colon - line));
    if (name == NULL) {
        return INSIST_ENOMEM;
    }
    const char *value = colon + 1;
    insist_err err = insist_plan_add_header(plan, name, value + strspn(value, " \t"));
    free(name);
    return err;
}

static bool names_content_type(const struct texts *headers) {
    for (size_t i = 0; i < headers->count; i++) {
        if (strncasecmp(headers->items[i], "Content-Type:", strlen("Content-Type:")) == 0) {
            return true;
        }
    }
    return false;
}

static insist_err fill(insist_plan *plan, const struct settings *settings, insist_problem *problem) {
    insist_err err = INSIST_OK;
    for (size_t i = 0; err == INSIST_OK && i < settings->headers.count; i++) {
        err = add_header(plan, settings->headers.items[i], problem);
    }
    if (err == INSIST_OK && settings->data.count > 0) {
        err = set_body(plan, &settings->data, problem);
    }
    if (err == INSIST_OK && settings->data.count > 0 && !names_content_type(&settings->headers)) {
        err = insist_plan_set_header(plan, "Content-Type", "application/x-www-form-urlencoded");
    }
    if (err == INSIST_OK && settings->idempotent) {
        err = insist_plan_set_idempotent(plan, true);
    }
    if (err == INSIST_OK) {
        err = credentials_set(plan, settings, problem);
    }
    return err == INSIST_OK ? race_set(plan, &settings->race, problem) : err;
}

/* The library speaks of its own parameters, the user of options. */
static void name_option(insist_problem *problem) {
    static const char *const names[][2] = {
        {"url", "URL"},     {"method", "--request"}, {"header", "--header"},       {"data", "--data"},
        {"body", "--data"}, {"race", "--race"},      {"name", "--cookie"},         {"value", "--cookie"},
        {"user", "--user"}, {"password", "--user"},  {"key", "--idempotency-key"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(problem->field, names[i][0]) == 0) {
            snprintf(problem->field, sizeof(problem->field), "%s", names[i][1]);
            return;
        }
    }
}

insist_err request_plan(const struct settings *settings, insist_problem *problem, insist_plan **out) {
    *out = NULL;
    insist_plan *plan = NULL;
    insist_err err = insist_plan_new(request_method(settings), settings->url, problem, &plan);
    if (err == INSIST_OK) {
        err = fill(plan, settings, problem);
        if (err != INSIST_OK && insist_plan_problem(plan) != NULL) {
            *problem = *insist_plan_problem(plan);
        }
    }
    if (err != INSIST_OK) {
        name_option(problem);
        insist_plan_free(plan);
        return err;
    }
    *out = plan;
    return INSIST_OK;
}
