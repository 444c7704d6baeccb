# PUT is taken for a method that may be raced: it may be repeated, but not twice at once.
# changes: view/request.c
/^bool request_method_is_raceable/,/^}/s/return /return strcmp(method, "PUT") == 0 || /
