# Who has the last word is shown the call's first attempt, not the one that is reported.
# changes: engine/finish.c
/^static insist_err last_word/,/^}/s/view\.current = reported/view.current = execution->attempts[0]/
