/* The page is private and anonymous, as MADV_WIPEONFORK (Linux 4.14) wants it. Emulators are known that accept every
 * advice and follow none: they accept one that does not exist, too. */
#include "base/birthmark.h"

#include <sys/mman.h>
#include <unistd.h>

#define NO_ADVICE (-1)

static size_t page_size(void) {
    return (size_t)sysconf(_SC_PAGESIZE);
}

static bool is_wiped_on_fork(void *page) {
    return madvise(page, page_size(), MADV_WIPEONFORK) == 0 && madvise(page, page_size(), NO_ADVICE) != 0;
}

static volatile char *marked_page(void) {
    void *page = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return NULL;
    if (!is_wiped_on_fork(page)) {
        munmap(page, page_size());
        return NULL;
    }
    *(char *)page = 1;
    return page;
}

void birthmark_init(struct birthmark *mark, const struct env *env) {
    *mark = (struct birthmark){.env = env, .process_id = env_process_id(env), .page = marked_page()};
}

void birthmark_fini(struct birthmark *mark) {
    if (mark->page)
        munmap((void *)mark->page, page_size());
    mark->page = NULL;
}

bool birthmark_is_inherited(const struct birthmark *mark) {
    if (mark->page)
        return *mark->page == 0;
    return env_process_id(mark->env) != mark->process_id;
}
