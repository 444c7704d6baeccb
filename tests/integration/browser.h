/* A headless Chromium, driven through chromedriver (https://www.w3.org/TR/webdriver2/). It reaches nothing but numeric addresses
 * of this machine. cmocka's asserts are used inside: call from the test's own thread. */
#ifndef TESTS_BROWSER_H
#define TESTS_BROWSER_H

#include <jansson.h>
#include <stdbool.h>

struct browser;

/* Keys that are no characters, for browser_keys(). */
#define KEY_TAB "\xee\x80\x84"
#define KEY_ENTER "\xee\x80\x87"

/* Whether there is one on this machine. */
bool browser_is_here(void);

/* NULL: it would not start, for the reason written to standard error. */
struct browser *browser_open(void);

/* Ends it and what it has written. NULL is allowed. */
void browser_close(struct browser *browser);

void browser_go(struct browser *browser, const char *url);

/* What a JavaScript expression is on the page, for json_decref(); and the same as a truth, a number, a text for free(). */
json_t *browser_value(struct browser *browser, const char *expression);
bool browser_is(struct browser *browser, const char *expression);
long browser_number(struct browser *browser, const char *expression);
char *browser_text(struct browser *browser, const char *expression);

/* Waits until an expression is true; fails the test when it is not after a minute. */
void browser_wait(struct browser *browser, const char *expression);

/* Presses and releases a key for each character of keys, wherever the focus is. */
void browser_keys(struct browser *browser, const char *keys);

/* How wide its window is, and whether people who prefer dark colours use it. */
void browser_look(struct browser *browser, int width, int height, bool dark);

/* Messages that pages have left in the log since the last call, one a line, for free(): errors, and what a policy forbade. */
char *browser_complaints(struct browser *browser);

#endif
