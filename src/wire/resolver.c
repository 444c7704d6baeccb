/* The side of the resolver that is asked. In: names and who waits for them. Out: an answer at once, or a question
 * for the threads. Any thread; the resolver's lock. */
#include "wire/resolver.h"
#include "wire/resolver_state.h"

#include <string.h>

insist_err resolver_new(const struct env *env, struct resolver **out) {
    return resolver_new_with(env, resolver_ask_system, NULL, out);
}

insist_err resolver_new_with(const struct env *env, resolver_fn *resolve, void *ctx, struct resolver **out) {
    *out = NULL;
    struct resolver *resolver = env_alloc(env, sizeof(*resolver));
    if (!resolver)
        return INSIST_ENOMEM;
    *resolver = (struct resolver){.env = env, .resolve = resolve, .ctx = ctx};
    list_init(&resolver->waiting);
    list_init(&resolver->running);
    if (!address_cache_init(&resolver->cache, env))
        goto no_cache;
    if (!mutex_init(&resolver->lock))
        goto no_lock;
    if (!condition_init(&resolver->work))
        goto no_work;
    if (!condition_init(&resolver->quiet))
        goto no_quiet;
    *out = resolver;
    return INSIST_OK;

no_quiet:
    condition_fini(&resolver->work);
no_work:
    mutex_fini(&resolver->lock);
no_lock:
    address_cache_fini(&resolver->cache, env);
no_cache:
    env_release(env, resolver);
    return INSIST_ENOMEM;
}

static bool answer_literal(struct resolver *resolver, struct lookup *lookup, const char *host) {
    struct resolved one = {.count = 0};
    resolved_add(&one, host);
    struct addresses *addresses = addresses_new(resolver->env, &one);
    lookup_answer(lookup, addresses ? INSIST_OK : INSIST_ENOMEM, false, addresses);
    addresses_release(addresses);
    return true;
}

static struct question *find_in_locked(struct list *questions, const char *host) {
    for (struct list *link = questions->next; link != questions; link = link->next) {
        struct question *question = question_of(link);
        if (question->stage != QUESTION_ANSWERED && strcmp(question->host, host) == 0)
            return question;
    }
    return NULL;
}

static struct question *find_question_locked(struct resolver *resolver, const char *host) {
    struct question *question = find_in_locked(&resolver->running, host);
    return question ? question : find_in_locked(&resolver->waiting, host);
}

enum asked { ASKED_ANSWERED, ASKED_JOINED, ASKED_NEW };

/* By the cache, or by joining those who wait already. Old addresses are good enough while the lookup of their name
 * hangs. */
static enum asked ask_known_locked(struct resolver *resolver, struct lookup *lookup, const char *host, int64_t now_ns) {
    struct addresses *addresses;
    enum cache_answer cached = address_cache_find(&resolver->cache, host, now_ns, &addresses);
    if (cached == CACHE_MISSING) {
        lookup_answer(lookup, INSIST_ERESOLVE, false, NULL);
        return ASKED_ANSWERED;
    }
    struct question *question = cached == CACHE_FRESH ? NULL : find_question_locked(resolver, host);
    if (cached == CACHE_FRESH || (cached == CACHE_STALE && question && question_hangs(question, now_ns))) {
        lookup_answer(lookup, INSIST_OK, false, addresses);
        return ASKED_ANSWERED;
    }
    if (!question)
        return ASKED_NEW;
    list_append(&question->lookups, &lookup->link);
    return ASKED_JOINED;
}

/* Takes *question over unless it is left there. */
static enum asked ask_locked(struct resolver *resolver, struct lookup *lookup, struct question **question) {
    bool may_start = true;
    for (;;) {
        int64_t now_ns = env_now_ns(resolver->env);
        enum asked asked = ask_known_locked(resolver, lookup, (*question)->host, now_ns);
        if (asked != ASKED_NEW)
            return asked;
        if (resolver->waiting_count >= RESOLVER_WAITING_NAMES) {
            lookup_answer(lookup, INSIST_ERESOLVE, true, NULL);
            return ASKED_ANSWERED;
        }
        if (!may_start || !resolver_wants_thread_locked(resolver, resolver->waiting_count + 1, now_ns))
            break;
        may_start = resolver_start_thread_locked(resolver); /* unlocked meanwhile: everything may have changed */
    }
    if (resolver->threads == 0) {
        lookup_answer(lookup, INSIST_ESYSTEM, true, NULL);
        return ASKED_ANSWERED;
    }
    list_append(&(*question)->lookups, &lookup->link);
    list_append(&resolver->waiting, &(*question)->link);
    resolver->waiting_count++;
    *question = NULL;
    condition_signal(&resolver->work);
    return ASKED_JOINED;
}

static struct question *question_new(const struct env *env, const char *host) {
    size_t size = strlen(host) + 1;
    struct question *question = env_alloc(env, sizeof(*question) + size);
    if (!question)
        return NULL;
    list_init(&question->link);
    list_init(&question->lookups);
    memcpy(question->host, host, size);
    return question;
}

bool resolver_ask(struct resolver *resolver, struct lookup *lookup, const char *host) {
    list_init(&lookup->link);
    lookup->addresses = NULL;
    if (address_is_literal(host))
        return answer_literal(resolver, lookup, host);
    mutex_lock(&resolver->lock);
    enum asked asked = ask_known_locked(resolver, lookup, host, env_now_ns(resolver->env));
    mutex_unlock(&resolver->lock);
    if (asked != ASKED_NEW)
        return asked == ASKED_ANSWERED;

    struct question *question = question_new(resolver->env, host);
    if (!question)
        return lookup_answer(lookup, INSIST_ENOMEM, false, NULL);
    mutex_lock(&resolver->lock);
    asked = ask_locked(resolver, lookup, &question);
    mutex_unlock(&resolver->lock);
    env_release(resolver->env, question);
    return asked == ASKED_ANSWERED;
}

bool resolver_forget(struct resolver *resolver, struct lookup *lookup) {
    mutex_lock(&resolver->lock);
    bool waits = !list_empty(&lookup->link);
    list_remove(&lookup->link);
    mutex_unlock(&resolver->lock);
    return waits;
}

void resolver_settle(struct resolver *resolver) {
    mutex_lock(&resolver->lock);
    while (resolver->telling > 0)
        condition_wait(&resolver->quiet, &resolver->lock);
    mutex_unlock(&resolver->lock);
}

void resolver_free(struct resolver *resolver) {
    if (!resolver)
        return;
    const struct env *env = resolver->env; /* once it is left, the resolver may be gone */
    struct list abandoned, *link;
    list_init(&abandoned);
    mutex_lock(&resolver->lock);
    resolver->closing = true;
    list_move_all(&resolver->waiting, &abandoned);
    resolver->waiting_count = 0;
    condition_broadcast(&resolver->work);
    while (resolver->threads > resolver->running_count) /* idle ones end, those that answer finish */
        condition_wait(&resolver->quiet, &resolver->lock);
    resolver->left = true;
    bool last = resolver->threads == 0;
    mutex_unlock(&resolver->lock);
    while ((link = list_take_first(&abandoned)))
        env_release(env, question_of(link));
    if (last)
        resolver_destroy(resolver);
}
