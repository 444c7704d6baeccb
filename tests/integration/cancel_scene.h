/* A call that ends by nothing but its cancel: no deadline, no timeouts, no budget. For test_cancel_phases.c, on whose
 * own thread all of this runs but what until() does. cmocka's headers come first. */
#ifndef CANCEL_SCENE_H
#define CANCEL_SCENE_H

#include <insist/insist.h>
#include <insist/testserver.h>
#include <semaphore.h>

#define PATIENCE_MS 30000

extern insist_testserver *server;
extern insist_client *client;
extern insist_cancel *cancel;     /* the token */
extern insist_handlers *handlers; /* of the call; all events are counted */
extern unsigned events[INSIST_EVENTS];
extern sem_t reached; /* posted by the call's own thread where that is what tells the phase */

/* Setups and the teardown of each test. */
int scene_begin(void **state);
int scene_begin_with_room_for_one(void **state); /* attempts in flight */
int scene_end(void **state);

const char *at(const char *path); /* its URL at the server; overwritten by the next */
insist_plan *plan_of(const char *method, const char *url);
insist_call_options plain(void);
insist_stats stats_now(void);
void wait_for(sem_t *semaphore);
void pause_a_moment(void);
/* A handler that posts `reached`. */
int note_reached(void *ctx, insist_event event, insist_execution *execution);

/* Blocks until the call is in its phase for certain. On the thread that fires the token then. */
typedef void until_fn(void);
/* The plan is executed, and freed, and cancelled by another thread once until() has returned. It must have ended as a
 * cancelled call does, with all its events. */
insist_result *cancelled_call(insist_plan *plan, insist_call_options options, until_fn *until);
void assert_attempt(const insist_result *result, size_t i, insist_why_ended why, insist_sent sent);
/* Nothing of the call is left in the client, nothing more was started for it, and the client works. */
void assert_nothing_follows(uint64_t attempts);
/* The server has seen so many clients leave their requests to that path, and no other request to it. */
void assert_gone(const char *path, size_t requests);

#endif
