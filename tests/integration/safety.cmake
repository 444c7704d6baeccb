# What a client does when the system has nothing left, and what it does to the process that it lives in.
insist_integration_test(test_exhaustion SOURCES testserver_process.c ../support/crowd.c ../support/exhaustion.c)
insist_integration_test(test_forks SOURCES testserver_process.c ../support/crowd.c)
insist_integration_test(test_signals SOURCES testserver_process.c ../support/crowd.c)
insist_integration_test(test_thread_cancel)
foreach(test IN ITEMS test_exhaustion test_forks test_signals)
    target_compile_definitions(${test} PRIVATE TESTSERVER_PROGRAM="$<TARGET_FILE:insist-testserver>")
    add_dependencies(${test} insist-testserver)
endforeach()
foreach(symbol IN ITEMS pthread_create epoll_create1 eventfd timerfd_create epoll_ctl socket)
    target_link_options(test_exhaustion PRIVATE "LINKER:--wrap=${symbol}")
endforeach()
# A child of several threads may start threads, too; the thread sanitizer has to be told so.
set_tests_properties(test_forks PROPERTIES ENVIRONMENT "TSAN_OPTIONS=die_after_fork=0")
