/* Handler groups: for each event a list of functions. They run on the calling thread, with no lock held. */
#include "call/handlers.h"
#include "call/plan.h"
#include "view/execution.h"

struct handler {
    insist_handler_fn *function;
    void *ctx;
};

struct chain {
    struct handler *handlers;
    size_t count, capacity;
};

struct insist_handlers {
    const struct env *env;
    struct chain chains[INSIST_EVENTS];
};

insist_err handlers_new(const struct env *env, insist_handlers **out) {
    *out = env_alloc(env, sizeof **out);
    if (*out == NULL)
        return INSIST_ENOMEM;
    (*out)->env = env;
    return INSIST_OK;
}

insist_err insist_handlers_new(insist_handlers **out) {
    return out == NULL ? INSIST_EINVAL : handlers_new(&env_standard, out);
}

void insist_handlers_free(insist_handlers *handlers) {
    if (handlers == NULL)
        return;
    for (size_t i = 0; i < INSIST_EVENTS; i++)
        env_release(handlers->env, handlers->chains[i].handlers);
    env_release(handlers->env, handlers);
}

insist_err insist_handlers_push(insist_handlers *handlers, insist_event event, insist_handler_fn *handler, void *ctx) {
    if (handlers == NULL || handler == NULL || (unsigned)event >= INSIST_EVENTS)
        return INSIST_EINVAL;
    struct chain *chain = &handlers->chains[event];
    if (chain->count == chain->capacity) {
        size_t capacity = chain->capacity == 0 ? 4 : chain->capacity * 2;
        struct handler *grown = env_resize(handlers->env, chain->handlers, capacity * sizeof *grown);
        if (grown == NULL)
            return INSIST_ENOMEM;
        chain->handlers = grown;
        chain->capacity = capacity;
    }
    chain->handlers[chain->count++] = (struct handler){handler, ctx};
    return INSIST_OK;
}

int handlers_fire(const insist_handlers *handlers, insist_event event, insist_execution *execution) {
    const struct chain *chain = handlers == NULL ? NULL : &handlers->chains[event];
    int first = 0;
    for (size_t i = 0; chain != NULL && i < chain->count; i++) {
        int number = chain->handlers[i].function(chain->handlers[i].ctx, event, execution);
        first = first != 0 ? first : number;
    }
    return first;
}

bool handlers_listen(const insist_handlers *handlers, insist_event event) {
    return handlers != NULL && handlers->chains[event].count > 0;
}

insist_err insist_execution_set_header(insist_execution *execution, const char *name, const char *value) {
    if (execution == NULL || execution->own_headers == NULL)
        return INSIST_EINVAL;
    insist_err err = plan_check_header(name, value, NULL);
    return err != INSIST_OK ? err : headers_set(execution->own_headers, name, value);
}
