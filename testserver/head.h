/* The beginnings of an answer as raw bytes, for those that libmicrohttpd would not send. Pure; allocates. */
#ifndef TESTSERVER_HEAD_H
#define TESTSERVER_HEAD_H

#include "answer.h"

/* Status line and header lines, without the blank one. *bytes is the caller's to free. False: no memory. */
bool head_write(const struct answer *answer, const struct manner *manner, int64_t wall_s, struct bytes *bytes);

/* One interim answer, the blank line included. */
bool head_write_interim(int status, struct bytes *bytes);

enum { FILLER_SIZE = 64 };

/* Header field number `index` of headers= and trailers=, exactly FILLER_SIZE bytes. */
void head_write_filler(uint64_t index, bool lf, char out[FILLER_SIZE]);

#endif
