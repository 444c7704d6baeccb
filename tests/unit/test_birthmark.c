/* The birthmark: what the process that made it sees, what its child sees, with the kernel's help and without. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "base/birthmark.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- this test stands between the room and the system ---- */

enum advising { AS_IT_IS, REFUSED, IGNORED };
static enum advising advising;
static bool no_memory;
static int process_ids_asked, pages;

int __real_madvise(void *address, size_t length, int advice);
__attribute__((visibility("default"))) int __wrap_madvise(void *address, size_t length, int advice);
int __wrap_madvise(void *address, size_t length, int advice) {
    errno = EINVAL;
    if (advising == AS_IT_IS)
        return __real_madvise(address, length, advice);
    return advising == IGNORED ? 0 : -1;
}

void *__real_mmap(void *address, size_t length, int protection, int flags, int descriptor, off_t offset);
__attribute__((visibility("default"))) void *__wrap_mmap(void *address, size_t length, int protection, int flags,
                                                         int descriptor, off_t offset);
void *__wrap_mmap(void *address, size_t length, int protection, int flags, int descriptor, off_t offset) {
    if (no_memory)
        return MAP_FAILED;
    pages++;
    return __real_mmap(address, length, protection, flags, descriptor, offset);
}

int __real_munmap(void *address, size_t length);
__attribute__((visibility("default"))) int __wrap_munmap(void *address, size_t length);
int __wrap_munmap(void *address, size_t length) {
    pages--;
    return __real_munmap(address, length);
}

static long counted_process_id(void *ctx) {
    (void)ctx;
    process_ids_asked++;
    return (long)getpid();
}

static const struct env env = {.process = {.id = counted_process_id}};

/* ---- what is seen ---- */

static bool child_sees_it(const struct birthmark *mark) {
    int status = 0;
    pid_t child = fork();
    if (child == 0)
        _exit(birthmark_is_inherited(mark) ? 0 : 1);
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void check(bool asks) {
    struct birthmark mark;
    process_ids_asked = pages = 0;
    birthmark_init(&mark, &env);
    assert_int_equal(process_ids_asked, 1);
    assert_false(birthmark_is_inherited(&mark));
    assert_true(child_sees_it(&mark));
    assert_false(birthmark_is_inherited(&mark));
    assert_int_equal(process_ids_asked, asks ? 3 : 1);
    assert_int_equal(pages, asks ? 0 : 1);
    birthmark_fini(&mark);
    assert_int_equal(pages, 0);
}

static void the_page_tells(void **state) {
    (void)state;
    advising = AS_IT_IS;
    no_memory = false;
    check(false);
}

static void an_older_kernel_refuses(void **state) {
    (void)state;
    advising = REFUSED;
    no_memory = false;
    check(true);
}

static void an_emulator_accepts_and_does_nothing(void **state) {
    (void)state;
    advising = IGNORED;
    no_memory = false;
    check(true);
}

static void there_is_no_page(void **state) {
    (void)state;
    advising = AS_IT_IS;
    no_memory = true;
    check(true);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_tells),
        cmocka_unit_test(an_older_kernel_refuses),
        cmocka_unit_test(an_emulator_accepts_and_does_nothing),
        cmocka_unit_test(there_is_no_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
