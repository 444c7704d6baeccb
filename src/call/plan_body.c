/* What a plan's body is made of. Built on one thread; let go of with the plan, on any. */
#include "base/problem.h"
#include "call/feed.h"
#include "call/form.h"
#include "call/plan.h"
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What every kind of body is subject to. */
static insist_err check_body(insist_plan *plan) {
    insist_problem problem = {0};
    insist_err err = plan_check_open(plan);
    if (err == INSIST_OK && strcmp(plan->request.method, "HEAD") == 0)
        err =
            plan_note(plan, problem_set(&problem, INSIST_EINVAL, "body", "a HEAD request cannot carry one"), &problem);
    return err;
}

/* What is kept in memory. */
static insist_err check_bytes(insist_plan *plan, const void *data, size_t len) {
    insist_problem problem = {0};
    insist_err err = len > 0 ? check_body(plan) : plan_check_open(plan);
    if (err != INSIST_OK || data != NULL || len == 0)
        return err;
    return plan_note(plan, problem_set(&problem, INSIST_EINVAL, "data", "it is NULL, but has a length"), &problem);
}

static void set_bytes(insist_plan *plan, const void *data, size_t len) {
    plan_drop_body(plan);
    plan->request.body = data;
    plan->request.body_length = len;
    plan->request.has_body = len > 0;
    plan_judge_repeatable(plan);
}

static insist_err no_memory(insist_plan *plan, const char *field) {
    insist_problem problem = {0};
    return plan_note(plan, problem_set(&problem, INSIST_ENOMEM, field, "out of memory"), &problem);
}

insist_err insist_plan_set_body(insist_plan *plan, const void *data, size_t len) {
    char *copy = NULL;
    insist_err err = check_bytes(plan, data, len);
    if (err != INSIST_OK)
        return err;
    if (len > 0) {
        copy = env_copy_bytes(plan->env, data, len);
        if (copy == NULL)
            return no_memory(plan, "data");
    }
    set_bytes(plan, copy, len);
    plan->body = copy;
    return INSIST_OK;
}

insist_err insist_plan_set_body_ref(insist_plan *plan, const void *data, size_t len, insist_release_fn *release,
                                    void *ctx) {
    insist_err err = check_bytes(plan, data, len);
    if (err != INSIST_OK)
        return err;
    set_bytes(plan, data, len);
    plan->body_release = release;
    plan->body_ctx = ctx;
    return INSIST_OK;
}

/* ---- a form ---- */

/* The type first: it can fail, and then the plan keeps the body that it had. */
static insist_err set_encoded(insist_plan *plan, struct body *form) {
    size_t len = 0;
    char *data = body_take(form, &len);
    insist_err err = data == NULL ? no_memory(plan, "pairs")
                                  : insist_plan_set_header(plan, "Content-Type", "application/x-www-form-urlencoded");
    if (err != INSIST_OK) {
        env_release(plan->env, data);
        return err;
    }
    set_bytes(plan, data, len);
    plan->body = data;
    return INSIST_OK;
}

insist_err insist_plan_set_form(insist_plan *plan, const insist_pair *pairs, size_t n) {
    insist_problem problem = {0};
    struct body form;
    insist_err err = n > 0 ? check_body(plan) : plan_check_open(plan);
    if (err != INSIST_OK)
        return err;
    body_init(&form, plan->env, UINT64_MAX);
    err = form_encode(&form, pairs, n);
    if (err == INSIST_OK)
        err = set_encoded(plan, &form);
    else if (err == INSIST_EINVAL)
        plan_note(plan, problem_set(&problem, err, "pairs", "a name or a value of the form is NULL"), &problem);
    else
        no_memory(plan, "pairs");
    body_fini(&form);
    return err;
}

/* ---- a reader ---- */

static insist_err set_feed(insist_plan *plan, const insist_reader *reader) {
    insist_problem problem = {0};
    struct feed *feed = feed_new(plan->env, reader);
    if (feed == NULL)
        return plan_note(plan, problem_set(&problem, INSIST_ENOMEM, "reader", "out of memory"), &problem);
    plan_drop_body(plan);
    plan->feed = feed;
    plan->request.has_body = plan->request.body_is_read = true;
    plan->request.read_length = reader->length;
    plan_judge_repeatable(plan);
    return INSIST_OK;
}

insist_err insist_plan_set_body_reader(insist_plan *plan, const insist_reader *reader) {
    insist_problem problem = {0};
    insist_err err = check_body(plan);
    if (err != INSIST_OK)
        return err;
    if (reader == NULL || reader->read == NULL)
        return plan_note(plan, problem_set(&problem, INSIST_EINVAL, "reader", "it has no function that reads"),
                         &problem);
    if (reader->length < -1)
        return plan_note(
            plan, problem_set(&problem, INSIST_EINVAL, "length", "a length is 0 or more, or -1 if it is not known"),
            &problem);
    return set_feed(plan, reader);
}

/* ---- a file ---- */

struct file {
    const struct env *env;
    int fd;
    off_t start, at;
};

static int64_t read_file(void *ctx, void *buffer, size_t room) {
    struct file *file = ctx;
    ssize_t count = pread(file->fd, buffer, room, file->at);
    file->at += count > 0 ? count : 0;
    return count;
}

static int rewind_file(void *ctx) {
    struct file *file = ctx;
    file->at = file->start;
    return 0;
}

static void close_file(void *ctx) {
    struct file *file = ctx;
    env_release(file->env, file);
}

insist_err insist_plan_set_body_fd(insist_plan *plan, int fd) {
    insist_problem problem = {0};
    struct stat status;
    insist_err err = check_body(plan);
    if (err != INSIST_OK)
        return err;
    off_t start = lseek(fd, 0, SEEK_CUR);
    if (start < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size < start)
        return plan_note(
            plan, problem_set(&problem, INSIST_EINVAL, "fd", "it is no regular file that can be positioned"), &problem);
    struct file *file = env_alloc(plan->env, sizeof *file);
    if (file == NULL)
        return plan_note(plan, problem_set(&problem, INSIST_ENOMEM, "fd", "out of memory"), &problem);
    *file = (struct file){.env = plan->env, .fd = fd, .start = start, .at = start};
    err = set_feed(plan, &(insist_reader){.read = read_file,
                                          .rewind = rewind_file,
                                          .close = close_file,
                                          .ctx = file,
                                          .length = (int64_t)(status.st_size - start)});
    if (err != INSIST_OK)
        close_file(file);
    return err;
}
