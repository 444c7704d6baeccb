/* Feeds every file of a directory to a fuzz target: run_corpus DIRECTORY. Fails when there is none, or one cannot be read. */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static int run_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        return 1;
    }
    uint8_t *data = NULL;
    size_t size = 0;
    size_t got = 0;
    do {
        uint8_t *grown = realloc(data, size + 65536);
        if (!grown) {
            perror(path);
            free(data);
            fclose(file);
            return 1;
        }
        data = grown;
        got = fread(data + size, 1, 65536, file);
        size += got;
    } while (got > 0);
    int failed = ferror(file);
    fclose(file);
    if (!failed) {
        LLVMFuzzerTestOneInput(data, size);
    }
    free(data);
    return failed;
}

int main(int count, char **arguments) {
    DIR *directory = count == 2 ? opendir(arguments[1]) : NULL;
    if (!directory) {
        fprintf(stderr, "usage: %s DIRECTORY\n", arguments[0]);
        return 2;
    }
    size_t files = 0;
    int failed = 0;
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        char path[4096];
        if (entry->d_name[0] == '.') {
            continue;
        }
        snprintf(path, sizeof path, "%s/%s", arguments[1], entry->d_name);
        failed |= run_file(path);
        files++;
    }
    closedir(directory);
    printf("%zu files\n", files);
    return failed || files == 0;
}
