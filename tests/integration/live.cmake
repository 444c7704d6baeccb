# Calls under faults that hold them: cancels in every phase.
insist_integration_test(test_cancel_phases SOURCES ../support/crowd.c LIBS ${CMAKE_DL_LIBS} TIMEOUT 120)
