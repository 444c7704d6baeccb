# httpbin's paths, as sockets see them and as the journal does.
insist_add_test(test_testserver_familiar integration 120
    "test_testserver_familiar.c;testserver_peer.c;testserver_process.c" ""
    "insist_testserver;PkgConfig::GNUTLS;PkgConfig::JANSSON;ZLIB::ZLIB;Threads::Threads")
target_compile_definitions(test_testserver_familiar PRIVATE TESTSERVER_PROGRAM="$<TARGET_FILE:insist-testserver>")
add_dependencies(test_testserver_familiar insist-testserver)
