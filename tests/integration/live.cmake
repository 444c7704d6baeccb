# Calls under faults that hold or cut them: cancels in every phase, and nothing delivered twice.
insist_integration_test(test_cancel_phases SOURCES cancel_scene.c ../support/crowd.c LIBS ${CMAKE_DL_LIBS} TIMEOUT 120)
insist_integration_test(test_once_at_every_stage TIMEOUT 240)
