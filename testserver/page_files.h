/* The files of the folder page/, compiled in: page_files.c is made by cmake/EmbedFiles.cmake. */
#ifndef TESTSERVER_PAGE_FILES_H
#define TESTSERVER_PAGE_FILES_H

#include <stddef.h>

struct page_file {
    const char *name; /* NULL: the end of the list */
    const unsigned char *bytes;
    size_t size;
};

extern const struct page_file page_files[];

#endif
