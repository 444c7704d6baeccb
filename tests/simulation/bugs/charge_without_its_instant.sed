# Of a retry that is charged it is not kept when: what it gives back counts in another second.
# changes: engine/judge.c
/^static bool ask_budget/,/^}/{/charged_at_ns = /d}
