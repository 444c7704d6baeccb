/* The rules of a call: of its options, its plan and its client. The calling thread. */
#ifndef CALL_RULES_H
#define CALL_RULES_H

#include "call/client.h"
#include "call/plan.h"
#include "engine/execution.h"

void call_rules_init(struct execution_rules *rules, const insist_client *client, const insist_plan *plan,
                     const insist_call_options *options, int64_t now_ns);
/* May this plan be executed with these options? A race that was set on the plan itself, or on the call, is refused where
 * the request may not be raced; only a client's is silently left out. A transport of one's own takes neither sinks nor
 * readers. */
insist_err call_rules_check(const insist_client *client, const insist_plan *plan, const insist_call_options *options,
                            insist_problem *problem);
/* Those that depend on the plan. */
void call_rules_use_plan(struct execution_rules *rules, const insist_client *client, const insist_plan *plan,
                         const insist_call_options *options);

#endif
