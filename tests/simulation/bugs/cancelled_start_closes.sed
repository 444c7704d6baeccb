# A start that a cancel forbids closes the call like one that is refused, and an answer that is here comes too late.
# changes: engine/wave.c
/^static void refuse/,/^}/s/why == INSIST_ENDED_REJECTED && //
