# What a client does when the system has nothing left, and what it does to the process that it lives in.
insist_integration_test(test_exhaustion SOURCES testserver_process.c ../support/crowd.c ../support/exhaustion.c)
target_compile_definitions(test_exhaustion PRIVATE TESTSERVER_PROGRAM="$<TARGET_FILE:insist-testserver>")
add_dependencies(test_exhaustion insist-testserver)
foreach(symbol IN ITEMS pthread_create epoll_create1 eventfd timerfd_create epoll_ctl socket)
    target_link_options(test_exhaustion PRIVATE "LINKER:--wrap=${symbol}")
endforeach()
