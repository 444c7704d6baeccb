/* What the contenders of insist-bench send: the one that is to send libcurl's request does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above */
#include <cmocka.h>

#include "bench/contender.h"
#include <insist/testserver.h>
#include <stdio.h>
#include <string.h>

/* One call of a contender, and the names of the headers that the server got, in their order. */
static void headers_of(const struct contender *contender, char *names, size_t size) {
    insist_testserver *server = NULL;
    insist_testserver_journal *journal = NULL;
    assert_int_equal(insist_testserver_start(NULL, NULL, &server), INSIST_OK);
    void *state = contender->kind->open(contender, insist_testserver_url(server));
    assert_non_null(state);
    void *caller = contender->kind->enter != NULL ? contender->kind->enter(state) : NULL;
    assert_true(contender->kind->call(state, caller).good);
    assert_int_equal(insist_testserver_journal_new(server, NULL, NULL, &journal), INSIST_OK);
    assert_int_equal(insist_testserver_journal_count(journal), 1);
    const insist_testserver_entry *entry = insist_testserver_journal_at(journal, 0);
    size_t length = 0;
    for (size_t i = 0; i < entry->field_count; i++)
        length += (size_t)snprintf(names + length, size - length, "%s\n", entry->fields[i].name);
    assert_true(length < size);
    insist_testserver_journal_free(journal);
    if (caller != NULL)
        contender->kind->leave(caller);
    contender->kind->close(state);
    insist_testserver_free(server);
}

static void the_same_request_is_libcurls(void **state) {
    char libcurls[256] = "", same[256] = "", own[256] = "";
    (void)state;
    headers_of(&(struct contender){.name = "libcurl", .kind = &contender_easy}, libcurls, sizeof libcurls);
    headers_of(&(struct contender){.name = "same", .kind = &contender_insist, .same_request = true}, same, sizeof same);
    headers_of(&(struct contender){.name = "insist", .kind = &contender_insist}, own, sizeof own);
    assert_string_equal(libcurls, "Host\nAccept\n");
    assert_string_equal(same, libcurls);
    assert_non_null(strstr(own, "User-Agent\n"));
    assert_non_null(strstr(own, "Accept-Encoding\n"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_same_request_is_libcurls)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
