# QUERY is not taken for a method that may be raced.
# changes: view/request.c
/^bool request_method_is_raceable/,/^}/s/strcmp\(method, "OPTIONS"\) == 0 \|\|/strcmp(method, "OPTIONS") == 0;/
/^bool request_method_is_raceable/,/^}/{/"QUERY"/d}
