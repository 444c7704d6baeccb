/* The books of one call: an independent checker. It is told what went in (the scene, the transport's truth, the
 * policies' answers) and follows what came out (events, starts, charges), and says at each step what the engine may
 * do. Written from what is promised, not from the engine. The first step that does not fit ends the simulation. */
#ifndef SIMULATION_BOOKS_H
#define SIMULATION_BOOKS_H

#include "simulation/scene.h"
#include "simulation/transport.h"
#include "view/latencies.h"
#include <stdio.h>

#define BOOKS_ATTEMPTS 48

/* What the budget was charged, and when; 0: nothing. */
struct lease {
    unsigned cost;
    int64_t at_ns;
};

/* What is known of one attempt. */
struct entry {
    struct attempt *attempt;
    struct job *job; /* NULL: never taken */
    insist_kind kind;
    unsigned wave;
    insist_why_started why_started;
    int64_t wait_us, born_ns, room_ns, settled_ns;
    int64_t limit_ns, once_sent_ns;
    struct lease lease;                                       /* what the budget holds for it */
    bool before_told, headers_told, timeout_told, after_told; /* its events */
    bool taken;                                               /* by the transport */
    bool has_room, sent_told;                                 /* as the engine was told */
    bool told_slow;                                           /* as a latency */
    bool collected, given_up, settled;                        /* ended by itself; given up; its outcome stands */
    bool committed, unwanted;
    bool was_committed; /* it may have been undone */
    unsigned delivered;
    insist_err refused;
    bool cancelled; /* therefore it was */
    insist_err err;
    insist_transience transience;
    int status;
    insist_sent sent;
    bool stale;
    int64_t retry_after_us;
    insist_why_ended why_ended;
};

enum books_phase { BOOKS_OPEN, BOOKS_CLOSED, BOOKS_ENDING, BOOKS_OVER };
enum books_asked { ASKED_NOTHING, ASKED_WAITER, ASKED_BUDGET, ASKED_DECIDER, ASKED_VALIDATOR, ASKED_REWIND };
enum books_input {
    INPUT_BEGIN,
    INPUT_ROOM,
    INPUT_SENT,
    INPUT_HEADERS,
    INPUT_CHUNK,
    INPUT_END,
    INPUT_FAILED,
    INPUT_INTERRUPT,
    INPUT_TIME
};

/* Of what is told once an attempt is over, or committed. */
struct latency_sums {
    unsigned count, longer, told_before;
    int64_t us;
};

struct books {
    struct entry entries[BOOKS_ATTEMPTS];
    unsigned count, in_flight;
    unsigned started;                            /* of them: without the hedges that were refused */
    unsigned ended[BOOKS_ATTEMPTS], ended_count; /* in that order */

    enum books_phase phase;
    insist_reason reason;
    insist_err err;
    int reported;                            /* -1: the most useful one */
    bool may_ask_exhausted, asked_exhausted; /* for the last word */

    enum books_input input;
    int64_t input_ns;
    enum books_asked next; /* the only thing that may be asked now */
    struct entry *judging;
    bool asked_again; /* about what the validator did not want */

    struct {
        bool set, announced, prepared;
        struct entry *about;
        int64_t asked_us, draw_us, wait_us, decided_ns, due_ns;
        insist_why_started why;
        struct lease lease;
    } retry;
    struct {
        bool owed; /* the scheduler's word on the next */
        bool set, at_once, allowed;
        struct entry *newest;
        int64_t delay_ns;
        struct lease lease;
    } hedge;
    struct entry *committed;
    unsigned wave, wave_hedges, waves_timed_out, retries;
    bool wave_timed_out, stale_used;
    int64_t wave_retry_after_us, not_before_ns, last_wait_us;
    insist_why_started last_why; /* of that wait */
    int handler_number;
    unsigned timeouts;
    bool started_told, deadline_told, end_told;
    bool deadline_event;

    /* sums: what ought to have been done, and what was */
    int64_t owed_back, given_back, owed_refund, refunded;
    int64_t owed_back_ns, given_back_ns; /* of when it was charged */
    unsigned owed_firsts, firsts, owed_accepted, accepted, owed_not_started, not_started;
    struct latency_sums latencies;
};

struct call;

/* books.c: inputs and events */
void books_open(struct call *call);
void books_input(struct call *call, enum books_input input, struct attempt *attempt);
void books_check(struct call *call); /* after each input */
void books_fire(struct call *call, insist_event event);
void books_fired(struct call *call, insist_event event, int number); /* what the handler returned */
struct entry *books_entry(struct call *call, const struct attempt *attempt);
/* Whoever is asked or told may look at one attempt: that one, -1: none. */
void books_is_about(const struct call *call, int index, const char *who);

/* attempts.c */
void books_born(struct call *call, int64_t timeout_us);
void books_cancelled_start(struct call *call); /* of the attempt that has begun just now */
void books_no_memory(struct call *call);       /* instead: for the attempt that is due */
void books_started(struct call *call, struct attempt *attempt, struct job *job, insist_err err, bool waits);
void books_sent(struct call *call, const struct job *job); /* the truth, from the transport */
void books_shut(struct call *call, struct attempt *attempt, bool shut);
void books_given_up(struct call *call, struct attempt *attempt, bool had_ended);
void books_scheduled(struct call *call, unsigned hedges, int64_t delay_us);
void books_starter(struct call *call, bool allowed);
void books_not_started(struct call *call);
bool books_hedge_is_due(const struct call *call);
int64_t books_hedge_due_ns(const struct books *books);
void books_settle(struct call *call, struct entry *entry); /* what its end was, before its last events */
void books_drop_newest(struct books *books, const struct entry *entry);

/* questions.c: after a RETRY */
void books_want_another(struct call *call, struct entry *entry);
void books_waited(struct call *call, int64_t wait_us);
void books_charged(struct call *call, bool throttled, unsigned cost);

/* verdicts.c: verdicts and endings */
void books_decided(struct call *call, insist_verdict verdict, insist_err fail);
void books_validated(struct call *call, bool wanted);
void books_delivered(struct call *call, struct attempt *attempt, insist_err err);
void books_rewound(struct call *call, struct attempt *attempt, bool done);
void books_prepared(struct call *call, int number);
insist_err books_exhausted(struct call *call, insist_reason reason, insist_err err, insist_err replacement);
void books_judge(struct call *call, struct entry *entry); /* its last event has been fired */
void books_close(struct call *call, insist_reason reason, insist_err err, int reported);
void books_end(struct call *call, insist_reason reason, insist_err err, int reported);
void books_owe_back(struct books *books, struct lease *lease); /* for what never starts */
void books_end_if_closed(struct call *call);
void books_stop_judging(struct books *books, bool refused);
int books_most_useful(const struct books *books, int wave); /* -1: none; wave -1: of the call */
int books_reported(const struct books *books);              /* -1: none; once all have ended */

/* expected.c: what the policies ought to say */
insist_verdict expected_verdict(const struct call *call, const struct entry *entry, insist_err *fail);
void expected_wait(const struct call *call, const struct entry *about, int64_t *least_us, int64_t *most_us);
int64_t expected_timeout_us(const struct call *call);
bool expected_takes_the_rest(const struct call *call);
bool expected_race(const struct call *call);
/* What the scheduler may say: a delay, INSIST_AT_ONCE, or one of INSIST_NO_HEDGE or below. */
bool expected_delay(const struct call *call, unsigned hedges, int64_t delay_us);
unsigned expected_attempts_left(const struct call *call); /* UINT_MAX: no bound */

/* latencies.c */
void books_latency(struct call *call, const struct latency_entry *told);
void books_require_told_slow(const struct call *call); /* before anybody is asked about the hedge */
void books_audit_latencies(const struct call *call);

/* audit.c: the whole call, once it is over */
void books_audit(struct call *call);

/* Ends the simulation. */
_Noreturn void books_fail(const struct call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
void books_require(const struct call *call, const char *wrong); /* NULL: nothing is */

static inline bool entry_is_answer(const struct entry *entry) {
    return entry->err == INSIST_OK && entry->status != 0;
}

#endif
