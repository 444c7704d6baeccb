# A pending retry survives that an answer was committed to a sink.
# changes: engine/finish.c
/^void finish_siblings/,/^}/s/^    pending_drop.*//
