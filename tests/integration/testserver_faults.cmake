# The test server's faults: by the curl program, by plain readers, and very many of them.
find_program(INSIST_CURL_PROGRAM curl)
set(testserver_libs insist_testserver PkgConfig::GNUTLS PkgConfig::JANSSON Threads::Threads)
insist_add_test(test_testserver_curl_faults integration 600 "test_testserver_curl_faults.c;curl_program.c" "" "${testserver_libs}")
target_compile_definitions(test_testserver_curl_faults PRIVATE CURL_PROGRAM="${INSIST_CURL_PROGRAM}")
insist_add_test(test_testserver_soak integration 240 "test_testserver_soak.c;../support/usage.c" "" "${testserver_libs}")
insist_add_test(test_testserver_slow integration 120 "test_testserver_slow.c;testserver_peer.c;../support/usage.c" "" "${testserver_libs}")
