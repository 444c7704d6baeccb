/* The side of the resolver that looks up. In: questions. Out: done(), unlocked, and the cache. Resolver threads; the
 * resolver's lock. */
#include "wire/resolver_state.h"

#include "base/time_math.h"
#include <netdb.h>

/* What a lookup came to, on its way to everybody who waits for it. */
struct answer {
    struct addresses *addresses; /* a reference, or NULL */
    insist_err err;
    bool again;
};

void resolver_destroy(struct resolver *resolver) {
    const struct env *env = resolver->env;
    condition_fini(&resolver->quiet);
    condition_fini(&resolver->work);
    mutex_fini(&resolver->lock);
    address_cache_fini(&resolver->cache, env);
    env_release(env, resolver);
}

static void *thread_main(void *resolver);

bool question_hangs(const struct question *question, int64_t now_ns) {
    return question->stage == QUESTION_RUNS && now_ns >= time_add(question->began_ns, RESOLVER_HUNG_NS);
}

/* *next_ns: when another will count as hung; TIME_NEVER: never. */
static size_t count_hung_locked(const struct resolver *resolver, int64_t now_ns, int64_t *next_ns) {
    size_t hung = 0;
    *next_ns = TIME_NEVER;
    for (struct list *link = resolver->running.next; link != &resolver->running; link = link->next) {
        const struct question *question = question_of(link);
        if (question_hangs(question, now_ns))
            hung++;
        else if (question->stage == QUESTION_RUNS)
            *next_ns = time_min(*next_ns, time_add(question->began_ns, RESOLVER_HUNG_NS));
    }
    return hung;
}

/* How many more lookups may begin, if there are threads for them. */
static size_t count_room_locked(const struct resolver *resolver, int64_t now_ns, int64_t *next_ns) {
    size_t allowed = RESOLVER_THREADS + count_hung_locked(resolver, now_ns, next_ns);
    return allowed > resolver->running_count ? allowed - resolver->running_count : 0;
}

/* One thread at least has to watch over those who wait. */
bool resolver_wants_thread_locked(const struct resolver *resolver, size_t waiting, int64_t now_ns) {
    int64_t next_ns;
    size_t room = count_room_locked(resolver, now_ns, &next_ns);
    size_t useful = waiting < room ? waiting : room;
    if (useful == 0 && waiting > 0)
        useful = 1;
    return !resolver->closing && resolver->idle < useful && resolver->threads < RESOLVER_THREADS_MOST;
}

/* An idle thread is no more. */
static void leave_locked(struct resolver *resolver) {
    resolver->idle--;
    resolver->threads--;
    condition_broadcast(&resolver->quiet);
}

bool resolver_start_thread_locked(struct resolver *resolver) {
    resolver->threads++;
    resolver->idle++;
    mutex_unlock(&resolver->lock);
    bool started = resolver_detach_thread(thread_main, resolver);
    mutex_lock(&resolver->lock);
    if (!started)
        leave_locked(resolver);
    return started;
}

static struct answer answer_of(const struct env *env, int code, const struct resolved *resolved) {
    if (code == EAI_MEMORY)
        return (struct answer){NULL, INSIST_ENOMEM, false};
    if (code == EAI_SYSTEM) /* no descriptor, no socket: nothing was found out about the name */
        return (struct answer){NULL, INSIST_ESYSTEM, true};
    if (code != 0)
        return (struct answer){NULL, INSIST_ERESOLVE, code == EAI_AGAIN};
    if (resolved->count == 0)
        return (struct answer){NULL, INSIST_ERESOLVE, false};
    struct addresses *addresses = addresses_new(env, resolved);
    return (struct answer){addresses, addresses ? INSIST_OK : INSIST_ENOMEM, false};
}

/* Remembers what was found out about the name. Where no address was, old ones have to do while they last, even
 * against the word that there is no such name: a system in trouble says that too. Takes *host when it keeps it. */
static void consult_cache_locked(struct resolver *resolver, const char *name, char **host, struct answer *answer,
                                 struct cached_name *gone) {
    int64_t now_ns = env_now_ns(resolver->env);
    bool missing = answer->err == INSIST_ERESOLVE && !answer->again;
    struct addresses *old = NULL;
    if (answer->err != INSIST_OK)
        address_cache_find(&resolver->cache, name, now_ns, &old);
    if (old) {
        *answer = (struct answer){addresses_retain(old), INSIST_OK, false};
        return;
    }
    if (*host && (answer->err == INSIST_OK || missing)) {
        address_cache_put(&resolver->cache, *host, answer->addresses ? addresses_retain(answer->addresses) : NULL,
                          now_ns, gone);
        *host = NULL;
    }
}

/* Answers everybody who waits for a question, each unlocked: until its turn has come it may be taken back. */
static void tell_locked(struct resolver *resolver, struct question *question, const struct answer *answer) {
    struct list *link;
    question->stage = QUESTION_ANSWERED;
    resolver->telling++;
    while ((link = list_take_first(&question->lookups))) {
        struct lookup *lookup = LIST_ENTRY(link, struct lookup, link);
        lookup_answer(lookup, answer->err, answer->again, answer->addresses);
        mutex_unlock(&resolver->lock);
        lookup->done(lookup);
        mutex_lock(&resolver->lock);
    }
    if (--resolver->telling == 0)
        condition_broadcast(&resolver->quiet);
}

/* The lookup of a question has come back to a resolver that still has an owner. Gives the lock up meanwhile. */
static void settle_locked(struct resolver *resolver, struct question *question, int code,
                          const struct resolved *resolved) {
    mutex_unlock(&resolver->lock);
    char *host = env_copy_text(resolver->env, question->host); /* without memory it is not remembered */
    struct answer answer = answer_of(resolver->env, code, resolved);
    struct cached_name gone = {.host = NULL};
    mutex_lock(&resolver->lock);
    consult_cache_locked(resolver, question->host, &host, &answer, &gone);
    tell_locked(resolver, question, &answer);
    mutex_unlock(&resolver->lock);
    env_release(resolver->env, host);
    cached_name_release(&gone, resolver->env);
    addresses_release(answer.addresses);
    mutex_lock(&resolver->lock);
}

/* Gives the lock up meanwhile, perhaps for ever. */
static int look_up_locked(struct resolver *resolver, const struct question *question, struct resolved *resolved) {
    mutex_unlock(&resolver->lock);
    int code = resolver->resolve(resolver->ctx, question->host, resolved);
    mutex_lock(&resolver->lock);
    return code;
}

/* The whole way of a question through a thread. Gives the lock up meanwhile. */
static void serve_locked(struct resolver *resolver, struct question *question) {
    struct resolved resolved = {.count = 0};
    list_remove(&question->link);
    list_append(&resolver->running, &question->link);
    resolver->waiting_count--;
    resolver->running_count++;
    resolver->idle--;
    question->stage = QUESTION_RUNS;
    question->began_ns = env_now_ns(resolver->env);
    if (resolver_wants_thread_locked(resolver, resolver->waiting_count, question->began_ns))
        resolver_start_thread_locked(resolver); /* for those behind this question; without it they wait longer */
    int code = resolver->closing ? EAI_AGAIN : look_up_locked(resolver, question, &resolved);
    question->stage = QUESTION_RETURNED;
    resolver->running_count--; /* another may begin while this one is being told */
    condition_signal(&resolver->work);
    if (!resolver->closing) /* else nobody waits, and those who did may be gone */
        settle_locked(resolver, question, code, &resolved);
    list_remove(&question->link);
    resolver->idle++;
    mutex_unlock(&resolver->lock);
    env_release(resolver->env, question);
    mutex_lock(&resolver->lock);
}

/* False: a thread without work for too long. */
static bool work_locked(struct resolver *resolver, int64_t *idle_until_ns) {
    int64_t next_ns;
    bool nothing = list_empty(&resolver->waiting);
    if (!nothing && count_room_locked(resolver, env_now_ns(resolver->env), &next_ns) > 0) {
        serve_locked(resolver, question_of(resolver->waiting.next));
        *idle_until_ns = time_add(env_now_ns(resolver->env), RESOLVER_IDLE_NS);
        return true;
    }
    bool in_time = condition_wait_until(&resolver->work, &resolver->lock, nothing ? *idle_until_ns : next_ns);
    return in_time || !list_empty(&resolver->waiting);
}

static void *thread_main(void *argument) {
    struct resolver *resolver = argument;
    pthread_setname_np(pthread_self(), "insist-resolver");
    int64_t idle_until_ns = time_add(env_now_ns(resolver->env), RESOLVER_IDLE_NS);
    mutex_lock(&resolver->lock);
    while (!resolver->closing && work_locked(resolver, &idle_until_ns))
        ;
    leave_locked(resolver);
    bool last = resolver->left && resolver->threads == 0;
    mutex_unlock(&resolver->lock);
    if (last)
        resolver_destroy(resolver);
    return NULL;
}
