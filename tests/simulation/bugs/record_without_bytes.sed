# The record does not say how many bytes came.
# changes: engine/record.c
/\.bytes = /d
