# What the test server tells of itself: the journal, the admin paths, and the page in a browser.
insist_add_test(test_testserver_journal integration 120 "test_testserver_journal.c;testserver_peer.c" ""
    "insist_testserver;PkgConfig::GNUTLS;PkgConfig::JANSSON")
