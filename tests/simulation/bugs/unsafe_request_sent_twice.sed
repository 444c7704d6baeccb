# What may have been carried out is sent again if no answer came.
# changes: engine/judge.c
s/outcome->sent == INSIST_NOT_SENT/outcome->status == 0/
