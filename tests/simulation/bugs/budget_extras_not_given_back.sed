# An extra attempt that never started still counts in its second.
# changes: policy/budget.c
/^void budget_give_back/,/^}/s/\(\*extras\)--/(void)extras/
