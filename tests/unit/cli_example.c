#include "cli_example.h"

void example_init(struct example *example) {
    *example = (struct example){
        .records =
            {
                {.index = 0,
                 .kind = INSIST_FIRST,
                 .connection = 1,
                 .address = "127.0.0.1:8080",
                 .queued_us = 0,
                 .started_us = 0,
                 .connected_us = 100000,
                 .sent_us = 100000,
                 .first_byte_us = 300000,
                 .ended_us = 400000,
                 .bytes = 9,
                 .status = 404,
                 .sent = INSIST_ANSWERED,
                 .why_started = INSIST_START_FIRST,
                 .why_ended = INSIST_ENDED_RETRYABLE},
                {.index = 1,
                 .wave = 1,
                 .kind = INSIST_RETRIED,
                 .connection = 1,
                 .reused = true,
                 .address = "127.0.0.1:8080",
                 .queued_us = 500000,
                 .started_us = 500000,
                 .connected_us = 500000,
                 .sent_us = 500000,
                 .first_byte_us = -1,
                 .ended_us = 700000,
                 .error = INSIST_ERESET,
                 .os_errno = 104,
                 .sent = INSIST_MAYBE_SENT,
                 .why_started = INSIST_START_BACKOFF,
                 .wait_us = 100000,
                 .why_ended = INSIST_ENDED_RETRYABLE},
                {.index = 2,
                 .wave = 2,
                 .kind = INSIST_RETRIED,
                 .reactor = 1,
                 .connection = 2,
                 .address = "127.0.0.1:8080",
                 .queued_us = 800000,
                 .started_us = 800000,
                 .connected_us = 850000,
                 .sent_us = 850000,
                 .first_byte_us = 900000,
                 .ended_us = 1000000,
                 .bytes = 1234,
                 .status = 200,
                 .sent = INSIST_ANSWERED,
                 .why_started = INSIST_START_RETRY_AFTER,
                 .wait_us = 100000,
                 .why_ended = INSIST_ENDED_WON},
            },
        .account =
            {
                .method = "GET",
                .url = "http://127.0.0.1:8080/x",
                .status = 200,
                .reason = INSIST_DONE,
                .explain = "GET http://127.0.0.1:8080/x: 200 after 3 attempts",
                .elapsed_us = 1000000,
                .attempt_count = 3,
            },
    };
    for (int i = 0; i < 3; i++) {
        example->attempts[i] = &example->records[i];
    }
    example->account.attempts = example->attempts;
}
