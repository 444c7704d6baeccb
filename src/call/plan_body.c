/* What a plan's body is made of. Built on one thread. */
#include "base/problem.h"
#include "call/feed.h"
#include "call/plan.h"
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void drop_body(insist_plan *plan) {
    feed_free(plan->feed);
    env_release(plan->env, plan->body);
    plan->feed = NULL;
    plan->body = NULL;
    plan->request.body = NULL;
    plan->request.body_length = 0;
    plan->request.has_body = plan->request.body_is_read = false;
}

/* What every kind of body is subject to. */
static insist_err check_body(insist_plan *plan) {
    insist_problem problem = {0};
    insist_err err = plan_check_open(plan);
    if (err == INSIST_OK && strcmp(plan->request.method, "HEAD") == 0)
        err = plan_note(plan, problem_set(&problem, INSIST_EINVAL, "body", "a HEAD request cannot carry one"), &problem);
    return err;
}

insist_err insist_plan_set_body(insist_plan *plan, const void *data, size_t len) {
    insist_problem problem = {0};
    char *copy = NULL;
    insist_err err = len > 0 ? check_body(plan) : plan_check_open(plan);
    if (err != INSIST_OK)
        return err;
    if (data == NULL && len > 0)
        return plan_note(plan, problem_set(&problem, INSIST_EINVAL, "data", "it is NULL, but has a length"), &problem);
    if (len > 0) {
        copy = env_copy_bytes(plan->env, data, len);
        if (copy == NULL)
            return plan_note(plan, problem_set(&problem, INSIST_ENOMEM, "data", "out of memory"), &problem);
    }
    drop_body(plan);
    plan->body = copy;
    plan->request.body = copy;
    plan->request.body_length = len;
    plan->request.has_body = len > 0;
    plan_judge_repeatable(plan);
    return INSIST_OK;
}

static insist_err set_feed(insist_plan *plan, const insist_reader *reader) {
    insist_problem problem = {0};
    struct feed *feed = feed_new(plan->env, reader);
    if (feed == NULL)
        return plan_note(plan, problem_set(&problem, INSIST_ENOMEM, "reader", "out of memory"), &problem);
    drop_body(plan);
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
