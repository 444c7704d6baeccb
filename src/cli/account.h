/* What is told of one call: a result laid open, so that drawing and JSON need no library and no network. */
#ifndef CLI_ACCOUNT_H
#define CLI_ACCOUNT_H

#include <insist/result.h>

/* All text is borrowed from the result. */
struct account {
    const char *method;
    const char *url;
    int status;
    insist_err error;
    insist_reason reason;
    insist_racing racing;
    const char *explain;
    int64_t elapsed_us;
    insist_attempt_record *attempts;
    size_t attempt_count;
};

/* False when memory is out. To be freed with account_fini() before the result. */
bool account_init(struct account *account, const insist_result *result, const char *method);
void account_fini(struct account *account);

#endif
