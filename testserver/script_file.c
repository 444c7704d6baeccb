/* See script_file.h. */
#include "script_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char blanks[] = " \t\r\n";

static bool complain(const char *name, size_t line, size_t column, const char *sentence) {
    fprintf(stderr, "insist-testserver: %s:%zu:%zu: %s\n", name, line, column, sentence);
    return false;
}

static bool append(struct script_file *file, char *path, char *script) {
    char *own_path = strdup(path), *own_script = strdup(script);
    char **grown = NULL;
    if (own_path && own_script) {
        grown = realloc(file->texts, (file->count + 3) * sizeof *grown);
    }
    if (!grown) {
        free(own_path);
        free(own_script);
        return false;
    }
    file->texts = grown;
    grown[file->count++] = own_path;
    grown[file->count++] = own_script;
    grown[file->count] = NULL;
    return true;
}

static bool is_known(const struct script_file *file, const char *path) {
    for (size_t i = 0; i < file->count; i += 2) {
        if (strcmp(file->texts[i], path) == 0) {
            return true;
        }
    }
    return false;
}

/* One line without its blanks at both ends; `number` counts from 1. */
static bool read_line(struct script_file *file, const char *name, size_t number, char *text) {
    char *path = text + strspn(text, blanks);
    if (path[0] == '\0' || path[0] == '#') {
        return true;
    }
    size_t path_column = (size_t)(path - text) + 1;
    if (path[0] != '/') {
        return complain(name, number, path_column, "expected a path that begins with '/'");
    }
    size_t path_length = strcspn(path, blanks);
    char *script = path + path_length;
    size_t script_length = strlen(script);
    while (script_length > 0 && strchr(blanks, script[script_length - 1])) {
        script[--script_length] = '\0';
    }
    script += strspn(script, blanks);
    size_t column = 0;
    insist_problem problem;
    if (insist_testserver_check(script, &column, &problem) != INSIST_OK) {
        return complain(name, number, (size_t)(script - text) + column, problem.text);
    }
    path[path_length] = '\0';
    if (is_known(file, path)) {
        return complain(name, number, path_column, "expected a path that has no script yet");
    }
    return append(file, path, script) || complain(name, number, path_column, "out of memory");
}

bool script_file_read(struct script_file *file, const char *name) {
    memset(file, 0, sizeof *file);
    FILE *in = fopen(name, "re");
    if (!in) {
        fprintf(stderr, "insist-testserver: --script: %s: %s\n", name, strerror(errno));
        return false;
    }
    char *text = NULL;
    size_t room = 0;
    size_t number = 0;
    bool ok = true;
    ssize_t length;
    while (ok && (length = getline(&text, &room, in)) >= 0) {
        number++;
        ok = strlen(text) == (size_t)length ? read_line(file, name, number, text)
                                            : complain(name, number, strlen(text) + 1, "expected no NUL byte");
    }
    if (ok && ferror(in)) {
        fprintf(stderr, "insist-testserver: --script: %s: %s\n", name, strerror(errno));
        ok = false;
    }
    free(text);
    fclose(in);
    return ok;
}

void script_file_fini(struct script_file *file) {
    for (size_t i = 0; i < file->count; i++) {
        free(file->texts[i]);
    }
    free(file->texts);
    memset(file, 0, sizeof *file);
}
