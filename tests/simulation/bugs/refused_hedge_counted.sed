# A hedge that never started uses up the caller's count.
# changes: engine/wave.c
s/execution->view\.attempts_started--;//
