# httpbin's paths, as sockets see them and as the journal does.
insist_add_test(test_testserver_familiar integration 120 "test_testserver_familiar.c;testserver_peer.c" ""
    "insist_testserver;PkgConfig::GNUTLS;PkgConfig::JANSSON;Threads::Threads")
