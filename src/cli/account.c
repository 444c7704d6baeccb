#include "cli/account.h"
#include <stdlib.h>

bool account_init(struct account *account, const insist_result *result, const char *method) {
    *account = (struct account){
        .method = method,
        .url = insist_result_url(result),
        .status = insist_result_status(result),
        .error = insist_result_error(result),
        .reason = insist_result_reason(result),
        .racing = insist_result_racing(result),
        .explain = insist_result_explain(result),
        .elapsed_us = insist_result_elapsed_us(result),
    };
    size_t count = insist_result_attempts(result);
    account->attempts = calloc(count + 1, sizeof(*account->attempts));
    if (account->attempts == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        account->attempts[i] = *insist_result_attempt(result, i);
    }
    account->attempt_count = count;
    return true;
}

void account_fini(struct account *account) {
    free(account->attempts);
}
