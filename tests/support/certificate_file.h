/* A server's certificate in a file, for programs and clients that are to trust it. */
#ifndef SUPPORT_CERTIFICATE_FILE_H
#define SUPPORT_CERTIFICATE_FILE_H

#include <insist/testserver.h>

/* The file is new, and the caller's to remove; path is "" when it could not be written. */
bool certificate_file_write(char path[64], const insist_testserver *server);

#endif
