# Against a server nobody here wrote: nginx, which is to be installed. Where it is missing the tests fail.
insist_integration_test(test_nginx
    SOURCES nginx_site.c ../support/nginx.c ../support/nginx_files.c ../support/nginx_workers.c ../support/authority.c
    LIBS PkgConfig::GNUTLS)
insist_integration_test(test_nginx_closing TIMEOUT 240
    SOURCES nginx_site.c nginx_load.c ../support/nginx.c ../support/nginx_files.c ../support/nginx_workers.c ../support/authority.c
    LIBS PkgConfig::GNUTLS)
foreach(test IN ITEMS test_nginx test_nginx_closing)
    if(TARGET ${test})
        target_compile_definitions(${test} PRIVATE NGINX_CONFIGURATION="${CMAKE_CURRENT_SOURCE_DIR}/nginx.conf")
    endif()
endforeach()
