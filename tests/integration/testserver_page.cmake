# What the test server tells of itself: the journal, the figures, and the page in a browser.
foreach(test IN ITEMS test_testserver_journal test_testserver_metrics)
    insist_add_test(${test} integration 120 "${test}.c;testserver_peer.c" ""
        "insist_testserver;PkgConfig::GNUTLS;PkgConfig::JANSSON")
endforeach()

# Needs chromium and chromium-driver, which script/bootstrap --ci installs; without them it is skipped.
insist_add_test(test_testserver_page "integration;browser" 180 "test_testserver_page.c;browser.c;testserver_peer.c" ""
    "insist_testserver;PkgConfig::GNUTLS;PkgConfig::JANSSON;CURL::libcurl")
