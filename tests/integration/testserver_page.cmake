# What the test server tells of itself: the journal, the figures, and the page in a browser.
foreach(test IN ITEMS test_testserver_journal test_testserver_metrics)
    insist_add_test(${test} integration 120 "${test}.c;testserver_peer.c" ""
        "insist_testserver;PkgConfig::GNUTLS;PkgConfig::JANSSON")
endforeach()
