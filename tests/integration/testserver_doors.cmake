# What befalls the test server's port: before the first request, at its limits, and at its end.
find_program(CURL_PROGRAM curl REQUIRED)
foreach(test IN ITEMS test_testserver_doors test_testserver_limits test_testserver_ending
        test_testserver_pending)
    insist_add_test(${test} integration 120 "${test}.c;run_program.c;testserver_peer.c;../support/certificate_file.c;testserver_process.c;../support/usage.c" ""
        "insist_testserver;PkgConfig::GNUTLS;PkgConfig::JANSSON;Threads::Threads")
    target_compile_definitions(${test} PRIVATE CURL_PROGRAM="${CURL_PROGRAM}"
        TESTSERVER_PROGRAM="$<TARGET_FILE:insist-testserver>")
    add_dependencies(${test} insist-testserver)
endforeach()
set_tests_properties(test_testserver_pending PROPERTIES TIMEOUT 3000) # on a busy machine it runs up to nine times
