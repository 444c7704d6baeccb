/* See certificate_file.h. */
#include "support/certificate_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool certificate_file_write(char path[64], const insist_testserver *server) {
    const char *pem = insist_testserver_certificate(server);
    strcpy(path, "/tmp/insist-test-XXXXXX");
    int fd = mkstemp(path);
    bool written = fd >= 0 && write(fd, pem, strlen(pem)) == (ssize_t)strlen(pem);
    if (fd >= 0)
        close(fd);
    if (fd >= 0 && !written)
        remove(path);
    if (!written)
        path[0] = '\0';
    return written;
}
