/* Options structs grow at their end: an older caller's is shorter, a newer one's must not ask for what this library
 * does not know. */
#include "call/options.h"
#include "base/headers.h"
#include "base/problem.h"
#include "base/time_math.h"
#include "policy/defaults.h"
#include "policy/race.h"
#include "view/policies.h"
#include <stdint.h>
#include <string.h>
#include <unistd.h>

insist_err options_copy(void *known, size_t known_size, const void *given, insist_problem *problem) {
    size_t given_size;
    memcpy(&given_size, given, sizeof given_size);
    if (given_size < sizeof given_size)
        return problem_set(problem, INSIST_EINVAL, "size", "the options struct does not tell its size");
    memset(known, 0, known_size);
    memcpy(known, given, given_size < known_size ? given_size : known_size);
    memcpy(known, &known_size, sizeof known_size);
    for (size_t i = known_size; i < given_size; i++)
        if (((const unsigned char *)given)[i] != 0)
            return problem_set(problem, INSIST_ETOONEW, "size",
                               "a field is set that this version of the library does not know");
    return INSIST_OK;
}

void insist_client_options_init(insist_client_options *options) {
    if (options != NULL)
        *options = (insist_client_options){.size = sizeof *options};
}

void insist_call_options_init(insist_call_options *options) {
    if (options != NULL)
        *options = (insist_call_options){.size = sizeof *options};
}

void insist_tls_options_init(insist_tls_options *options) {
    if (options != NULL)
        *options = (insist_tls_options){.size = sizeof *options};
}

void insist_net_options_init(insist_net_options *options) {
    if (options != NULL)
        *options = (insist_net_options){.size = sizeof *options};
}

static void fill_in(insist_client_options *options) {
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
#define DEFAULT(field, value)                                                                                          \
    if (options->field == 0)                                                                                           \
    options->field = (value)
    DEFAULT(user_agent, "insist/" INSIST_VERSION);
    DEFAULT(thread_name, "insist");
    DEFAULT(deadline_ms, DEFAULT_DEADLINE_MS);
    DEFAULT(max_body_bytes, (uint64_t)64 << 20);
    DEFAULT(max_header_bytes, (uint64_t)256 << 10);
    DEFAULT(idle_unsafe_ms, 2000);
    DEFAULT(workers, processors == 1 ? 1 : 2);
    DEFAULT(max_redirects, 10);
    DEFAULT(max_in_flight, 8192);
    DEFAULT(max_in_flight_origin, options->max_in_flight < 4096 ? options->max_in_flight : 4096);
    DEFAULT(max_waiting, 4096);
#undef DEFAULT
}

/* Only what was set in the same struct contradicts: against a default, the smaller of the two simply counts. */
static bool contradicts(const insist_timeout_policy *timeout, int64_t deadline_ms) {
    int64_t fixed_us = timeout == NULL ? -1 : timeout_policy_fixed_us(timeout);
    return deadline_ms > 0 && fixed_us != INSIST_FOREVER && fixed_us > time_scale(deadline_ms, 1000);
}

insist_err options_check_race(const insist_race_policy *race, const insist_timeout_policy *timeout,
                              insist_problem *problem) {
    int64_t fixed_us = timeout == NULL ? -1 : timeout_policy_fixed_us(timeout);
    if (race == NULL || fixed_us < 0 || race_policy_longest_us(race) < fixed_us)
        return INSIST_OK;
    return problem_set(problem, INSIST_EINVAL, "race", "a hedge's delay is not below the attempt's timeout");
}

static insist_err check_hooks(const insist_validator *validator, const insist_preparer *prepare_retry,
                              const insist_on_exhausted *on_exhausted, insist_problem *problem) {
    const char *field = NULL;
    if (validator != NULL && validator->validate == NULL)
        field = "validator";
    else if (prepare_retry != NULL && prepare_retry->prepare == NULL)
        field = "prepare_retry";
    else if (on_exhausted != NULL && on_exhausted->replace == NULL)
        field = "on_exhausted";
    return field == NULL ? INSIST_OK : problem_set(problem, INSIST_EINVAL, field, "it has no function");
}

insist_err options_complete_client(insist_client_options *options, insist_problem *problem) {
    if (options->deadline_ms < 0)
        return problem_set(problem, INSIST_EINVAL, "deadline_ms", "a deadline cannot be negative");
    if (options->idle_unsafe_ms < 0)
        return problem_set(problem, INSIST_EINVAL, "idle_unsafe_ms", "a duration cannot be negative");
    if (options->workers > 64)
        return problem_set(problem, INSIST_EINVAL, "workers", "at most 64 threads; 2 carry thousands of attempts");
    if (options->max_redirects > 100)
        return problem_set(problem, INSIST_EINVAL, "max_redirects", "at most 100: an attempt keeps where it has been");
    if (options->user_agent != NULL && !headers_valid_value(options->user_agent))
        return problem_set(problem, INSIST_EINVAL, "user_agent", "it holds a line break or another control character");
    if (options->thread_name != NULL && !headers_valid_value(options->thread_name))
        return problem_set(problem, INSIST_EINVAL, "thread_name", "it holds a control character");
    if (options->thread_name != NULL && strlen(options->thread_name) > 11)
        return problem_set(problem, INSIST_EINVAL, "thread_name", "at most 11 characters, a number is put behind");
    if (options->transport != NULL && options->transport->start == NULL)
        return problem_set(problem, INSIST_EINVAL, "transport", "it has no function that starts an exchange");
    if ((unsigned)options->http_version > INSIST_HTTP_2)
        return problem_set(problem, INSIST_EINVAL, "http_version", "there is no such version");
    if (contradicts(options->timeout, options->deadline_ms))
        return problem_set(problem, INSIST_EINVAL, "timeout",
                           "an attempt's timeout is longer than the deadline of the call");
    for (size_t i = 0; options->hidden_query_keys != NULL && options->hidden_query_keys[i] != NULL; i++)
        if (options->hidden_query_keys[i][0] == '\0')
            return problem_set(problem, INSIST_EINVAL, "hidden_query_keys", "a key is empty");
    if (options->logger != NULL && options->logger->log == NULL)
        return problem_set(problem, INSIST_EINVAL, "logger", "it has no function");
    if (options->logger != NULL && (unsigned)options->logger->level > INSIST_LOG_DEBUG)
        return problem_set(problem, INSIST_EINVAL, "logger", "there is no such level");
    fill_in(options);
    if (options->max_in_flight_origin > options->max_in_flight)
        return problem_set(problem, INSIST_EINVAL, "max_in_flight_origin",
                           "one origin cannot have more than the client's max_in_flight");
    insist_err err = options_check_race(options->race, options->timeout, problem);
    if (err != INSIST_OK)
        return err;
    return check_hooks(options->validator, options->prepare_retry, options->on_exhausted, problem);
}

insist_err options_check_call(const insist_call_options *options, insist_problem *problem) {
    if (options->sink != NULL && options->sink->write == NULL)
        return problem_set(problem, INSIST_EINVAL, "sink", "it has no function that writes");
    if (options->deadline_ms < 0)
        return problem_set(problem, INSIST_EINVAL, "deadline_ms", "a deadline cannot be negative");
    if (options->deadline_ms != 0 && options->deadline_at_ns != 0)
        return problem_set(problem, INSIST_EINVAL, "deadline_at_ns", "give deadline_ms or deadline_at_ns, not both");
    if (contradicts(options->timeout, options->deadline_ms))
        return problem_set(problem, INSIST_EINVAL, "timeout",
                           "an attempt's timeout is longer than the deadline of the call");
    insist_err err = options_check_race(options->race, options->timeout, problem);
    if (err != INSIST_OK)
        return err;
    return check_hooks(options->validator, options->prepare_retry, options->on_exhausted, problem);
}
