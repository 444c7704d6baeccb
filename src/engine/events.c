/* Events on their way to user code. */
#include "engine/events.h"

insist_err events_interruption(const struct execution *execution) {
    return execution->ports->interruption == NULL ? INSIST_OK : execution->ports->interruption(execution->ctx);
}

void events_fire(struct execution *execution, insist_event event, struct attempt *about) {
    execution->view.current = about;
    execution->view.event = event;
    int number = execution->ports->fire(execution->ctx, event);
    execution->view.event = INSIST_EVENTS;
    if (number != 0 && execution->handler_number == 0 && !execution->settled)
        execution->handler_number = number;
}
