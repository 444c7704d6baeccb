/* What the resolver needs of the system: getaddrinfo(), and a thread to call it on, where it may hang. */
#include "wire/resolver_state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#define STACK_BYTES ((size_t)512 * 1024) /* modules of the name service switch are not known to be modest */

/* Without descriptors getaddrinfo() can read no file and ask no server, and may well say that there is no such name.
 * errno is what the lookup left behind; the lack itself may still be there. */
static bool lacked_descriptors(int os_errno) {
    if (os_errno == EMFILE || os_errno == ENFILE)
        return true;
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return errno == EMFILE || errno == ENFILE;
    close(descriptor);
    return false;
}

int resolver_ask_system(void *ctx, const char *host, struct resolved *out) {
    (void)ctx;
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    struct addrinfo *found = NULL;
    errno = 0;
    int code = getaddrinfo(host, NULL, &hints, &found);
    if (code != 0)
        return lacked_descriptors(errno) ? EAI_SYSTEM : code;
    for (const struct addrinfo *info = found; info; info = info->ai_next) {
        char text[INET6_ADDRSTRLEN];
        const void *address = info->ai_family == AF_INET6
                                  ? (const void *)&((const struct sockaddr_in6 *)(const void *)info->ai_addr)->sin6_addr
                                  : (const void *)&((const struct sockaddr_in *)(const void *)info->ai_addr)->sin_addr;
        bool known = info->ai_family == AF_INET || info->ai_family == AF_INET6;
        if (known && inet_ntop(info->ai_family, address, text, sizeof(text)))
            resolved_add(out, text);
    }
    freeaddrinfo(found);
    return 0;
}

/* Signals are the process's affair: a thread inherits the mask of the one that starts it. */
bool resolver_detach_thread(void *(*main)(void *argument), void *argument) {
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    sigfillset(&all);
    bool started = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
                   pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0 &&
                   pthread_sigmask(SIG_SETMASK, &all, &before) == 0;
    if (started) {
        started = pthread_create(&thread, &attributes, main, argument) == 0;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    pthread_attr_destroy(&attributes);
    return started;
}
