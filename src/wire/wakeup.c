/* Finding a multi handle's wake-up pair. In: the handle, and the process's descriptors. Out: the pair's flag.
 *
 * Other threads open and close descriptors meanwhile, so numbers prove nothing; what goes through the sockets does.
 * One end holds as many bytes as we had the handle write, and none once the handle has read them, time after time.
 * The other end is where a secret comes out that was put into the first. Anybody else's descriptor is looked at, at
 * most, and only if it could be one of the pair. A program that another thread starts before the flag is set still
 * inherits them. */
#include "wire/wakeup.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define PROOFS 4
#define SECRET_BYTES 16

/* What a descriptor is compared with. */
struct pair {
    CURLM *multi;
    char secret[SECRET_BYTES];
};

static bool may_be_one(int fd) {
    int flags = fcntl(fd, F_GETFD), domain = 0;
    socklen_t size = sizeof(domain);
    return flags >= 0 && !(flags & FD_CLOEXEC) && getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
           domain == AF_UNIX;
}

static bool holds(int fd, int bytes) {
    int held = -1;
    return ioctl(fd, FIONREAD, &held) == 0 && held == bytes;
}

static bool is_first_end(const struct pair *pair, int fd) {
    bool is = holds(fd, 0);
    for (int bytes = 1; is && bytes <= PROOFS; bytes++) {
        for (int i = 0; i < bytes; i++)
            curl_multi_wakeup(pair->multi);
        is = holds(fd, bytes);
        curl_multi_poll(pair->multi, NULL, 0, 0, NULL); /* reads them all */
        is = is && holds(fd, 0);
    }
    return is;
}

static bool is_other_end(const struct pair *pair, int fd) {
    char found[SECRET_BYTES];
    return holds(fd, SECRET_BYTES) && recv(fd, found, sizeof(found), MSG_PEEK | MSG_DONTWAIT) == SECRET_BYTES &&
           memcmp(found, pair->secret, sizeof(found)) == 0;
}

static bool is_named(const struct pair *pair, const char *name, bool (*is_it)(const struct pair *pair, int fd),
                     int *fd) {
    char *end = NULL;
    *fd = (int)strtol(name, &end, 10); /* the kernel's own numbers, and . and .. */
    return end != name && may_be_one(*fd) && is_it(pair, *fd);
}

/* -1: none. The kernel's own call: it needs no memory. */
static int search(const struct pair *pair, bool (*is_it)(const struct pair *pair, int fd)) {
    _Alignas(struct dirent64) char entries[1024];
    int descriptors = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int fd = -1;
    bool found = false;
    if (descriptors < 0)
        return -1;
    for (ssize_t length; !found && (length = getdents64(descriptors, entries, sizeof(entries))) > 0;) {
        const char *next = entries;
        while (!found && next < entries + length) {
            const struct dirent64 *entry = (const void *)next;
            found = is_named(pair, entry->d_name, is_it, &fd);
            next += entry->d_reclen;
        }
    }
    close(descriptors);
    return found ? fd : -1;
}

void wakeup_close_on_exec(CURLM *multi) {
    struct pair pair = {.multi = multi};
    int first = search(&pair, is_first_end);
    if (first < 0 || fcntl(first, F_SETFD, FD_CLOEXEC) != 0)
        return;
    if (getrandom(pair.secret, sizeof(pair.secret), GRND_NONBLOCK) != SECRET_BYTES ||
        send(first, pair.secret, sizeof(pair.secret), MSG_NOSIGNAL | MSG_DONTWAIT) != SECRET_BYTES)
        return;
    int other = search(&pair, is_other_end);
    if (other < 0)
        return;
    fcntl(other, F_SETFD, FD_CLOEXEC);
    recv(other, pair.secret, sizeof(pair.secret), MSG_DONTWAIT);
}
