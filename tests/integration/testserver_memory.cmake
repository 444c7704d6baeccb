# What the test server's requests may hold together, with limits that only its own rooms can set.
insist_add_test(test_testserver_memory integration 120 "test_testserver_memory.c;testserver_peer.c" testserver_objects "PkgConfig::GNUTLS")
