# A hedge that was refused leaves no record.
# changes: engine/wave.c
/^static void refuse/,/^}/s/^    if \(execution->handler_number != 0\)/    if (attempt->kind == INSIST_HEDGE) execution->count--;\n&/
