# The bucket holds more than 500.
# changes: policy/budget.c
/^static void fill/,/^}/s/budget->level_nano = .*/budget->level_nano += nano;/
