# The pool on a transport without a wire. The reactor alone is driven by the test's own thread.
set(hand_examples job_example.c fake_transport.c ../support/fail_alloc.c)
insist_thread_test(test_reactor ROOMS base view policy origin wire pool SOURCES ${hand_examples})
insist_thread_test(test_alarm_clock ROOMS base view policy origin wire pool)
insist_thread_test(test_pool ROOMS base view policy origin wire pool SOURCES ${hand_examples} TIMEOUT 60)

# Every interleaving at the points where two threads meet; the second also needs the calls' side.
set(interleaver interleave.c interleave_world.c)
insist_thread_test(test_interleave ROOMS base view policy origin wire pool SOURCES ${interleaver})
insist_thread_test(test_interleave_calls ROOMS base view policy engine origin wire pool call SOURCES ${interleaver})
insist_thread_test(test_interleave_leader ROOMS base view policy origin wire pool SOURCES ${interleaver})
if(NOT INSIST_LEADING STREQUAL "random") # it is about who does what
    insist_thread_test(test_leader ROOMS base view policy origin wire pool SOURCES led_job.c ${hand_examples} TIMEOUT 60)
    insist_thread_test(test_crowds ROOMS base view policy origin wire pool SOURCES led_job.c ${hand_examples} TIMEOUT 60)
endif()
