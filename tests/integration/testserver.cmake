# The test server by itself: what it does is seen with sockets and libcurl, not with this project's client, so that neither can hide
# a mistake of the other.
set(testserver_libs insist_testserver PkgConfig::GNUTLS PkgConfig::JANSSON CURL::libcurl Threads::Threads)
foreach(test IN ITEMS test_testserver test_testserver_admin test_testserver_curl test_testserver_many test_testserver_program)
    insist_add_test(${test} integration 120 "${test}.c;testserver_peer.c;testserver_process.c;../support/usage.c" "" "${testserver_libs}")
    if(TARGET ${test})
        target_compile_definitions(${test} PRIVATE TESTSERVER_PROGRAM="$<TARGET_FILE:insist-testserver>")
        add_dependencies(${test} insist-testserver)
    endif()
endforeach()
