# The decider is asked about an attempt that lost.
# changes: engine/finish.c
/^static void give_up\(/,/^}/s/^    finish_attempt\(.*/    insist_err fail; execution->view.current = attempt; (void)decider_ask(\&execution->rules.retry->decider, \&execution->view, \&fail);\n&/
