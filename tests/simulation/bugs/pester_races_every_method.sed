# Pester's scheduler starts attempts at once whatever the method.
# changes: policy/race.c
/^insist_scheduler scheduler_pester/,/^}/s/get_only = true/get_only = false/
